"""Content items of a structured report, each as the data set that DICOM makes of it.

Source: DICOM PS3.3 C.17.3 (SR Document Content), C.18 (content macros).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from vascal.io.objects.coded import Coded
from vascal.io.objects.references import ImageReference, to_item
from vascal.io.objects.sr_codes import Quantity

Relation = Literal["CONTAINS", "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT", "HAS PROPERTIES"]
DIGITS = 8
"""Of a number as it is shown. What that rounds off stands beside it in full, as a Floating Point Value."""


def contain(
    name: Coded, children: Iterable[Dataset], relation: Relation | None = "CONTAINS", *, template: str | None = None
) -> Dataset:
    """Make a container.

    Parameters
    ----------
    name
        Its heading.
    children
        What it holds.
    relation
        To its parent; None for the root.
    template
        Identifier of the template of PS3.16 that it follows, where that must be said.
    """
    item = _start("CONTAINER", relation, name)
    item.ContinuityOfContent = "SEPARATE"
    if template is not None:
        follows = Dataset()
        follows.MappingResource, follows.TemplateIdentifier = "DCMR", template
        item.ContentTemplateSequence = Sequence([follows])
    return _finish(item, children)


def say_code(name: Coded, value: Coded, relation: Relation = "CONTAINS", children: Iterable[Dataset] = ()) -> Dataset:
    """State one concept as the value of another."""
    item = _start("CODE", relation, name)
    item.ConceptCodeSequence = Sequence([value.to_item()])
    return _finish(item, children)


def say_text(name: Coded, value: str, relation: Relation = "CONTAINS", children: Iterable[Dataset] = ()) -> Dataset:
    """State a text, which must not be empty."""
    item = _start("TEXT", relation, name)
    item.TextValue = value
    return _finish(item, children)


def say_uid(name: Coded, value: str, relation: Relation = "CONTAINS") -> Dataset:
    """State a unique identifier."""
    item = _start("UIDREF", relation, name)
    item.UID = value
    return item


def say_date(name: Coded, value: str, relation: Relation = "HAS ACQ CONTEXT") -> Dataset:
    """State a day, ``YYYYMMDD``."""
    item = _start("DATE", relation, name)
    item.Date = value
    return item


def say_number(
    what: Quantity, value: float, relation: Relation = "CONTAINS", children: Iterable[Dataset] = ()
) -> Dataset:
    """State a number with its unit.

    A decimal string has 16 characters and reads best with few, so it is rounded to 8 digits; a number that this
    changes is given in full besides (Floating Point Value, PS3.3 C.18.1).
    """
    item = _start("NUM", relation, what.concept)
    measured = Dataset()
    measured.MeasurementUnitsCodeSequence = Sequence([what.unit.to_item()])
    shown = f"{value:.{DIGITS}g}"
    measured.NumericValue = shown
    if float(shown) != float(value):
        measured.FloatingPointValue = float(value)
    item.MeasuredValueSequence = Sequence([measured])
    return _finish(item, children)


def point_to(
    name: Coded | None, image: ImageReference, relation: Relation = "CONTAINS", *, segment: int | None = None
) -> Dataset:
    """Point to an image; to one segment of it, if it is a segmentation.

    Beside a segment number frames must not be listed (PS3.3 10.3), so they never are.
    """
    item = _start("IMAGE", relation, name)
    reference = to_item(image)
    if segment is not None:
        reference.ReferencedSegmentNumber = segment
    item.ReferencedSOPSequence = Sequence([reference])
    return item


def _start(kind: str, relation: Relation | None, name: Coded | None) -> Dataset:
    item = Dataset()
    if relation is not None:
        item.RelationshipType = relation
    item.ValueType = kind
    if name is not None:
        item.ConceptNameCodeSequence = Sequence([name.to_item()])
    return item


def _finish(item: Dataset, children: Iterable[Dataset]) -> Dataset:
    below = list(children)
    if below:
        item.ContentSequence = Sequence(below)
    return item
