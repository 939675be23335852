"""Label maps as DICOM Segmentation, one segment a structure; highdicom enters here.

Source: DICOM PS3.3 A.51 (Segmentation IOD); codes from SNOMED CT as in PS3.16, and
the project's own scheme 99VASCAL where SNOMED has none that DICOM lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydicom

from vascal.errors import GridMismatchError, MissingExtraError
from vascal.io.atomic import write_file
from vascal.io.ct_writer import MANUFACTURER, CtDescription
from vascal.volume import LabelMap

Encoding = Literal["binary", "labelmap"]
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
    MissingExtraError
        If highdicom is not installed.
    GridMismatchError
        If files and slices differ in number.
    """
    try:
        import highdicom as hd
    except ImportError as error:
        raise MissingExtraError("DICOM SEG needs highdicom; `pip install 'vascal[simulate]'` brings it") from error
    if len(ct_files) != label_map.grid.shape[0]:
        raise GridMismatchError(f"found {len(ct_files)} files for {label_map.grid.shape[0]} slices of labels")
    present = [value for value in sorted(label_map.names) if np.any(label_map.labels == value)]
    if not present:
        return
    numbers = np.zeros(256, dtype=np.uint8)
    numbers[present] = np.arange(1, len(present) + 1)
    sources = [pydicom.dcmread(file) for file in ct_files]
    is_labelmap = encoding == "labelmap"
    segmentation = hd.seg.Segmentation(
        source_images=sources,
        pixel_array=numbers[label_map.labels],
        segmentation_type=hd.seg.SegmentationTypeValues.LABELMAP
        if is_labelmap
        else hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_segment(hd, n, label_map.names[value]) for n, value in enumerate(present, start=1)],
        series_instance_uid=description.uid("series", description.series_number, title),
        series_number=series_number,
        sop_instance_uid=description.uid("instance", description.series_number, title),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name="parametric patient",
        software_versions=version("vascal"),
        device_serial_number="0",
        content_label="TRUTH",
        content_description=f"SIMULATED {title}",
        series_description=f"SIMULATED truth: {title}",
        transfer_syntax_uid=pydicom.uid.RLELossless if is_labelmap else pydicom.uid.ExplicitVRLittleEndian,
    )
    buffer = BytesIO()
    segmentation.save_as(buffer)
    write_file(path, buffer.getvalue())


def _segment(hd: Any, number: int, name: str) -> Any:
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    plain = name.split(" ", 1)[1] if name[:1].isdigit() else name
    known = CODES.get(plain)
    kind = Code(known, "SCT", plain) if known else Code(plain.upper().replace(" ", "-")[:16], "99VASCAL", plain)
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="vascal simulator", version=version("vascal"), family=codes.DCM.DeformableModels
        ),
    )
