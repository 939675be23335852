"""Segments of a DICOM Segmentation: what each is called, coded as, coloured and tracked by.

Calcium is coded as a finding, with the vessel as its place: property category and type are "morphologically
abnormal structure" and "vascular calcification", Anatomic Region is the artery. "All coronary calcium" and calcium of
no known vessel lie at "coronary artery"; a private modifier of the type tells them apart.

Source: DICOM PS3.3 C.8.20.4 (Segment Description Macro); PS3.16 CID 7150, 7151, 3016, 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from vascal.calcium.lesions import UNASSIGNED
from vascal.io.objects.coded import (
    ABNORMAL_STRUCTURE,
    CORONARY_ARTERY,
    VASCULAR_CALCIFICATION,
    VESSEL_CODES,
    Coded,
    dicom_code,
    private_code,
)
from vascal.io.objects.context import ObjectContext
from vascal.types import VoxelIndex

ALL = "all"
"""Name of the segment of all coronary calcium."""
ARTIFICIAL_INTELLIGENCE = dicom_code("123110", "Artificial Intelligence")
MORPHOLOGICAL_OPERATIONS = dicom_code("123104", "Morphological Operations")
DEFORMABLE_MODELS = dicom_code("123111", "Deformable Models")
WHITE_D50 = (0.96422, 1.0, 0.82521)
TO_XYZ_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""Linear sRGB to XYZ under D50, Bradford-adapted (IEC 61966-2-1; matrix by B. Lindbloom)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """What drew the segments.

    Parameters
    ----------
    version
        Of the software.
    parameters
        Finder, networks with the start of their hash, and rule, in words; None if there is nothing to say.
    name
        Of the software.
    family
        What kind of method it is (CID 7162).
    is_automatic
        False where a person or another program gave the marks.
    """

    version: str
    parameters: str | None = None
    name: str = "vascal"
    family: Coded = ARTIFICIAL_INTELLIGENCE
    is_automatic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCode:
    """How a segment is coded.

    Parameters
    ----------
    category, kind
        Segmented Property Category and Type.
    kind_modifier
        Of the type; None if there is none.
    region, region_modifier
        Anatomic Region and its modifier; None if there is none.
    """

    category: Coded = ABNORMAL_STRUCTURE
    kind: Coded = VASCULAR_CALCIFICATION
    kind_modifier: Coded | None = None
    region: Coded | None = None
    region_modifier: Coded | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """One structure and its voxels.

    Parameters
    ----------
    name
        What vascal calls it.
    label
        What a viewer shows.
    code
        What it is.
    index
        Flat positions of its voxels on the grid of all segments, ascending.
    colour
        ``#rrggbb``, or None.
    tracking_uid
        Tracking Unique Identifier: the same wherever this structure is described. None leaves it untracked.
    """

    name: str
    label: str
    code: SegmentCode
    index: VoxelIndex
    colour: str | None = None
    tracking_uid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegReference:
    """A segmentation as another object refers to it.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, series_instance_uid
        The object.
    segment_numbers
        Segment Number by name.
    """

    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    segment_numbers: Mapping[str, int] = field(default_factory=dict)


def tracking_id(name: str) -> str:
    """Give the Tracking ID of a structure: the same in segmentation and report."""
    return f"vascal {name}"


def tracking_uid(context: ObjectContext, name: str) -> str:
    """Give the Tracking Unique Identifier of a structure: the same in segmentation and report."""
    return context.make_uid("tracking", name)


def code_vessel(name: str) -> SegmentCode:
    """Code the calcium of a vessel, of none, or of all."""
    if name in VESSEL_CODES:
        return SegmentCode(region=VESSEL_CODES[name])
    modifier = {ALL: "ALL-CORONARY", UNASSIGNED: "UNASSIGNED"}.get(name, "OTHER-VESSEL")
    return SegmentCode(region=CORONARY_ARTERY, kind_modifier=private_code(modifier))


def describe_segment(number: int, segment: Segment, algorithm: Algorithm) -> Dataset:
    """Make the item of the Segment Sequence."""
    item = Dataset()
    item.SegmentNumber = number
    item.SegmentLabel = segment.label.replace("\\", "/")[:64]  # a backslash would part it in two
    item.SegmentAlgorithmType = "AUTOMATIC" if algorithm.is_automatic else "SEMIAUTOMATIC"
    item.SegmentAlgorithmName = algorithm.name
    item.SegmentationAlgorithmIdentificationSequence = [_identify(algorithm)]
    item.SegmentedPropertyCategoryCodeSequence = [segment.code.category.to_item()]
    item.SegmentedPropertyTypeCodeSequence = [_modified(segment.code.kind, segment.code.kind_modifier, "kind")]
    if segment.code.region is not None:
        item.AnatomicRegionSequence = [_modified(segment.code.region, segment.code.region_modifier, "region")]
    if segment.tracking_uid is not None:
        item.TrackingID = tracking_id(segment.name)
        item.TrackingUID = UID(segment.tracking_uid)
    if segment.colour is not None:
        item.RecommendedDisplayCIELabValue = list(encode_cielab(segment.colour))
    return item


def encode_cielab(colour: str) -> tuple[int, int, int]:
    """Turn ``#rrggbb`` (sRGB) into CIELab under D50 as DICOM encodes it (PS3.3 C.10.7.1.1).

    Examples
    --------
    >>> encode_cielab("#ffffff"), encode_cielab("#000000")
    ((65535, 32896, 32896), (0, 32896, 32896))
    """
    srgb = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    share = TO_XYZ_D50 @ linear / WHITE_D50
    x, y, z = (float(v) for v in np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116))
    lightness, a, b = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    scaled = lightness * 65535 / 100, (a + 128) * 65535 / 255, (b + 128) * 65535 / 255
    first, second, third = (min(65535, max(0, round(value))) for value in scaled)
    return first, second, third


def _identify(algorithm: Algorithm) -> Dataset:
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [algorithm.family.to_item()]
    item.AlgorithmName = algorithm.name
    item.AlgorithmVersion = algorithm.version
    if algorithm.parameters is not None:
        item.AlgorithmParameters = algorithm.parameters
    return item


def _modified(code: Coded, modifier: Coded | None, what: str) -> Dataset:
    item = code.to_item()
    if modifier is not None and what == "kind":
        item.SegmentedPropertyTypeModifierCodeSequence = [modifier.to_item()]
    elif modifier is not None:
        item.AnatomicRegionModifierSequence = [modifier.to_item()]
    return item
