"""Small scans with calcium at known places, and outlines of it, in the layouts that data sets have."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from tests.io.make_ct import make_slice, write_slice
from vascal.types import HuArray, LabelArray
from vascal.volume import Grid, Volume

GRID = Grid.even((5, 12, 16), (3.0, 0.5, 0.75), origin_mm=(-10.0, -20.0, 0.0))


def make_hu(seed: int = 0) -> HuArray:
    """Soft tissue with noise, an LAD plaque of 8 pixels at 320 HU and an RCA plaque of 6 at 150 HU."""
    hu = np.random.default_rng(seed).integers(0, 60, GRID.shape).astype(np.int16)
    hu[:, 0] = -900
    hu[1, 3:5, 2:6] = 320
    hu[3, 8:10, 10:13] = 150
    return hu


def make_volume(seed: int = 0) -> Volume:
    return Volume(hu=make_hu(seed), grid=GRID)


def make_labels(lad: int = 2, rca: int = 4) -> LabelArray:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[1, 3:5, 2:6], labels[3, 8:10, 10:13] = lad, rca
    return labels


def write_dicom(folder: Path, hu: HuArray | None = None, *, series: str = "1.2.3.2", patient: str = "ID-4711") -> Path:
    """Write a scan whose files are numbered from the head, as scanners do."""
    values = make_hu() if hu is None else hu
    for index, plane in enumerate(values):
        ds = _slice(index, plane, series)
        ds.PatientID = patient
        write_slice(folder, f"IM-0001-{len(values) - index:04d}.dcm", ds)
    return folder


def _slice(index: int, plane: np.ndarray, series: str) -> Dataset:
    stored = (plane.astype(np.int32) + 1024).astype(np.uint16)
    ds = make_slice(index, (-10.0, -20.0, 3.0 * index), pixels=stored)
    ds.SeriesInstanceUID = series
    ds.StudyInstanceUID = f"{series}.0"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID(f"{series}.{index + 1}")
    return ds


def outline(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    """Corners of a box, from the corner of the first pixel."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def make_roi(
    name: str, points: Sequence[tuple[float, float]], slice_index: int, highest: float | None, **fields: Any
) -> dict[str, Any]:
    """Lay an outline out as OsiriX exports it: millimetres are of the pixel less a half."""
    z = GRID.slice_positions_mm[slice_index]
    shown = [(-10 + (x - 0.5) * 0.75, -20 + (y - 0.5) * 0.5, z) for x, y in points]
    return {
        "Area": 0.03,
        "Center": "(0, 0, 0)",
        "Dev": 1.0,
        "IndexInImage": 0,
        "Length": 1.0,
        **({} if highest is None else {"Max": highest}),
        "Mean": 200.0,
        "Min": 100.0,
        "Name": name,
        "NumberOfPoints": len(points),
        "Point_mm": [f"({x:.6f}, {y:.6f}, {z:.6f})" for x, y, z in shown],
        "Point_px": [f"({x:.6f}, {y:.6f})" for x, y in points],
        "Total": 1000,
        "Type": 20,
        **fields,
    }


LAD_ROI = make_roi("Left Anterior Descending Artery", outline(1.8, 2.8, 4.4, 2.4), 1, 320.0)
RCA_ROI = make_roi("Right Coronary Artery", outline(9.8, 7.8, 3.4, 2.4), 3, 150.0)


def write_xml(path: Path, rois: Mapping[int, Sequence[Mapping[str, Any]]]) -> Path:
    """Write outlines by ImageIndex, as a property list."""
    images = [{"ImageIndex": index, "NumberOfROIs": len(own), "ROIs": list(own)} for index, own in rois.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plistlib.dumps({"Images": images}))
    return path
