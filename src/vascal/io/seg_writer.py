"""Label maps of simulated scans as DICOM Segmentation, one segment a structure.

Source: DICOM PS3.3 A.51 (Segmentation IOD); codes from SNOMED CT as in PS3.16, and
the project's own scheme 99VASCAL where SNOMED has none that DICOM lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from vascal.errors import GridMismatchError
from vascal.io.atomic import write_file
from vascal.io.ct_writer import MANUFACTURER, CtDescription
from vascal.io.objects.coded import ANATOMICAL_STRUCTURE, Coded, snomed
from vascal.io.objects.envelope import to_bytes
from vascal.io.objects.seg_dataset import SEG_CLASSES, Encoding, Place, SegmentationPlan, fill_segmentation
from vascal.io.objects.seg_frames import Plane
from vascal.io.objects.segments import DEFORMABLE_MODELS, Algorithm, Segment, SegmentCode
from vascal.io.objects.study_copy import copy_study
from vascal.io.private_codes import SCHEME
from vascal.types import VoxelIndex
from vascal.volume import Grid, LabelMap

CODES: Mapping[str, str] = {
    "LM": "3227004", "LAD": "59438005", "LCX": "57396003", "RCA": "13647002", "bone": "272673000", "lung": "39607008",
    "cartilage": "61496007", "airway": "44567001", "mediastinum": "72410000", "oesophagus": "32849002",
    "pericardium": "76848001", "left ventricle": "87878005", "right ventricle": "53085002", "left atrium": "82471001",
    "right atrium": "73829009", "aorta": "15825003", "pulmonary artery": "81040000", "pulmonary vein": "122972007",
    "vena cava": "35532006", "artery": "51114001", "iliac artery": "10293006", "liver": "10200004",
    "stomach": "69695003", "spleen": "78961009", "kidney": "64033007", "pancreas": "15776009", "muscle": "71616004",
    "breast": "76752008", "fat": "55603005",
}  # fmt: skip
"""SNOMED CT code by the name of a structure."""


def write_seg(
    label_map: LabelMap,
    ct_files: Sequence[Path],
    path: Path,
    *,
    description: CtDescription,
    title: str,
    series_number: int,
    encoding: Encoding = "binary",
) -> None:
    """Write a label map of a simulated series as DICOM SEG.

    Parameters
    ----------
    label_map
        On the grid of the series; only values that occur become segments.
    ct_files
        The series it belongs to, in the order of its slices.
    path
        Where to write; the file appears complete or not at all.
    description
        Of the series; makes the unique identifiers.
    title
        Series Description, and part of the identifiers.
    series_number
        Of the segmentation.
    encoding
        ``binary`` is read everywhere; ``labelmap`` (2024) is small, but older software does not know it.

    Raises
    ------
    GridMismatchError
        If files and slices differ in number.
    """
    grid = label_map.grid
    if len(ct_files) != grid.shape[0]:
        raise GridMismatchError(f"found {len(ct_files)} files for {grid.shape[0]} slices of labels")
    present = [value for value in sorted(label_map.names) if np.any(label_map.labels == value)]
    if not present:
        return
    sources = [pydicom.dcmread(file, stop_before_pixels=True) for file in ct_files]
    dataset = _start(sources[0], description, title, series_number)
    dataset.SOPClassUID = SEG_CLASSES[encoding]
    plan = SegmentationPlan(
        segments=tuple(
            _segment(label_map.names[value], np.flatnonzero(label_map.labels == value)) for value in present
        ),
        shape=grid.shape,
        planes=tuple(_plane(source) for source in sources),
        place=_place(sources[0], grid),
        source=sources[0],
        algorithm=Algorithm(version=version("vascal"), name="vascal simulator", family=DEFORMABLE_MODELS),
        label="TRUTH",
        description=f"SIMULATED {title}",
        encoding=encoding,
    )
    fill_segmentation(dataset, plan)
    write_file(path, to_bytes(dataset))


def _start(source: Dataset, description: CtDescription, title: str, series_number: int) -> Dataset:
    """Say whose the segmentation is, and that the simulator made it."""
    dataset = copy_study(source)
    dataset.SOPInstanceUID = UID(description.uid("instance", description.series_number, title))
    dataset.Modality = "SEG"
    dataset.SeriesInstanceUID = UID(description.uid("series", description.series_number, title))
    dataset.SeriesNumber, dataset.InstanceNumber = series_number, 1
    dataset.SeriesDescription = f"SIMULATED truth: {title}"
    dataset.BodyPartExamined = "CHEST"
    for stem in ("Series", "Content"):
        setattr(dataset, f"{stem}Date", source.StudyDate)
        setattr(dataset, f"{stem}Time", source.StudyTime)
    dataset.Manufacturer, dataset.ManufacturerModelName = MANUFACTURER, "parametric patient"
    dataset.SoftwareVersions, dataset.DeviceSerialNumber = version("vascal"), "0"
    return dataset


def _plane(source: Dataset) -> Plane:
    x, y, z = (float(value) for value in source.ImagePositionPatient)
    return Plane(
        sop_class_uid=str(source.SOPClassUID), sop_instance_uid=str(source.SOPInstanceUID), position_mm=(x, y, z)
    )


def _place(source: Dataset, grid: Grid) -> Place:
    return Place(
        grid=grid,
        frame_of_reference_uid=str(source.FrameOfReferenceUID),
        slice_thickness_mm=float(source.SliceThickness),
    )


def _segment(name: str, index: VoxelIndex) -> Segment:
    plain = name.split(" ", 1)[1] if name[:1].isdigit() else name
    known = CODES.get(plain)
    own = Coded(value=plain.upper().replace(" ", "-")[:16], scheme=SCHEME, meaning=plain)
    kind = snomed(known, plain) if known else own
    return Segment(name=name, label=name, code=SegmentCode(category=ANATOMICAL_STRUCTURE, kind=kind), index=index)
