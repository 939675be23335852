"""A structured report of vascal, read back into what `score.json` held.

Every value that is given is the one of `score.json`, digit for digit; what the report does not carry (lesions one by
one, probabilities of grades) is not given.

Source: DICOM PS3.3 C.17.3 (SR Document Content), C.18.1 (Numeric Measurement Macro).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

from vascal.errors import InputError
from vascal.io.dicom_files import UNREADABLE_FILE
from vascal.io.dicom_values import UNREADABLE, text_of, tolerant_reading
from vascal.io.objects import sr_codes as codes
from vascal.io.objects.coded import private_code
from vascal.io.objects.context import MANUFACTURER
from vascal.io.objects.segments import ALL
from vascal.io.objects.sr_film import TOTAL
from vascal.io.objects.sr_saved import lay_out_film, lay_out_score
from vascal.io.objects.sr_tree import Item, read_item

REPORTS = "1.2.840.10008.5.1.4.1.1.88."
"""SOP classes of structured reports begin so; Key Object Selection too."""
NEEDED = "needed: a structured report that vascal wrote"
DAMAGE = (*UNREADABLE_FILE, *UNREADABLE, ArithmeticError, BytesLengthException)
"""What pydicom raises on damaged bytes; on nested ones not before they are asked for."""
PLAIN = re.compile(r"[A-Za-z0-9 .,/()&+-]{0,64}")
KINDS = MappingProxyType({ALL: lay_out_score, TOTAL: lay_out_film})
"""By the name of the group of the total."""


def read_score_report(path: Path) -> Mapping[str, Any]:
    """Read a structured report of vascal.

    Parameters
    ----------
    path
        A DICOM file that `describe_score` or `describe_film` made, as it was or back from an archive.

    Returns
    -------
    mapping of str to Any
        The part of `score.json` that the report carries, laid out as there. Vessels without a group have
        no calcium. Of a result that must not be quoted only sums and grades are there.

    Raises
    ------
    InputError
        If it can not be read, is no structured report, is one of other software, or is damaged.
    """
    dataset = _open(path)
    try:
        with tolerant_reading():
            _require_report(dataset, path.name)
            root = read_item(dataset)
            _require_ours(dataset, root, path.name)
            groups = root.child(codes.MEASUREMENTS).groups()
            kind = TOTAL if TOTAL in groups else ALL
            return KINDS[kind](dataset, root, groups)
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"{path.name} is damaged or was changed; {NEEDED}") from error


def _open(path: Path) -> Dataset:
    try:
        with tolerant_reading():
            return dcmread(path, stop_before_pixels=True)
    except InvalidDicomError as error:
        raise InputError(f"{path.name} is no DICOM file; {NEEDED}") from error
    except DAMAGE as error:
        raise InputError(f"{path.name} can not be read; {NEEDED}") from error


def _require_report(dataset: Dataset, name: str) -> None:
    if not text_of(dataset, "SOPClassUID").startswith(REPORTS):
        what = _plain(text_of(dataset, "Modality"))
        raise InputError(f"{name} is no structured report, its modality is {what}; {NEEDED}")


def _require_ours(dataset: Dataset, root: Item, name: str) -> None:
    """Tell vascal's reports from others by who made them, and by a code that only vascal writes."""
    if root.key != codes.REPORT_TITLE.key:
        _refuse(name, f"a report titled {_plain(root.meaning)}")
    maker = text_of(dataset, "Manufacturer")
    evaluations = root.find(codes.EVALUATIONS)
    is_ours = evaluations is not None and evaluations.find(private_code("QUOTABLE")) is not None
    if maker != MANUFACTURER or not is_ours:
        _refuse(name, f"a measurement report by {_plain(maker)}")


def _plain(text: str) -> str:
    """Repeat a short plain text; in damaged files its element may have swallowed the patient's."""
    return repr(text) if PLAIN.fullmatch(text) else "something that can not be repeated here"


def _refuse(name: str, found: str) -> NoReturn:
    raise InputError(f"{name} is {found}, whose numbers may mean something else; {NEEDED}")
