"""Segmentations as other programs lay them out, made by hand so that no reader and writer share a mistake.

dcmqi and 3D Slicer: SRT or SCT codes, calcification as type with the artery as Anatomic Region, or a label that a
person typed over "Tissue"; plane positions as decimal strings with exponents; no Segments Overlap.
TotalSegmentator and nnU-Net chains (by highdicom or dcmqi): names in snake case as labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from vascal.volume import Grid

TISSUE_SRT = ("T-D0050", "SRT", "Tissue")
ABNORMAL_SRT = ("M-01000", "SRT", "Morphologically Altered Structure")
CALCIFICATION_SRT = ("D6-34737", "SRT", "Vascular calcification")
TISSUE = ("85756007", "SCT", "Tissue")

CodeTriple = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSegment:
    """What another program says of a segment."""

    label: str = "Segment_1"
    kind: CodeTriple = TISSUE
    category: CodeTriple = TISSUE
    region: CodeTriple | None = None
    structure: CodeTriple | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForeignFrame:
    """A frame; `first` is the row and column of the CT on which its first pixel lies."""

    segment: int
    slice_index: int
    pixels: np.ndarray
    first: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForeignSeg:
    """A segmentation by another program."""

    grid: Grid
    segments: Sequence[ForeignSegment]
    frames: Sequence[ForeignFrame]
    kind: str = "BINARY"
    top: int = 255
    attributes: dict[str, object] = field(default_factory=dict)

    def save(self, path: Path) -> Path:
        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.66.4")
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = UID("1.2.9.9")
        one.Modality, one.SegmentationType = "SEG", self.kind
        if self.kind == "FRACTIONAL":
            one.SegmentationFractionalType, one.MaximumFractionalValue = "PROBABILITY", self.top
        one.SegmentSequence = [_segment(n, segment) for n, segment in enumerate(self.segments, start=1)]
        one.SharedFunctionalGroupsSequence = [self._shared()]
        one.PerFrameFunctionalGroupsSequence = [self._frame(frame) for frame in self.frames]
        one.SamplesPerPixel, one.PhotometricInterpretation, one.PixelRepresentation = 1, "MONOCHROME2", 0
        stacked = np.stack([frame.pixels for frame in self.frames]).astype(np.uint8)
        one.NumberOfFrames, one.Rows, one.Columns = (int(n) for n in stacked.shape)
        bits = 1 if self.kind == "BINARY" else 8
        one.BitsAllocated, one.BitsStored, one.HighBit = bits, bits, bits - 1
        data = np.packbits(stacked.ravel(), bitorder="little") if bits == 1 else stacked
        one.PixelData = data.tobytes() + b"\0" * (data.nbytes % 2)
        one["PixelData"].VR = "OB"
        for keyword, value in self.attributes.items():
            setattr(one, keyword, value)
        pydicom.dcmwrite(path, one, enforce_file_format=True)
        return path

    def _shared(self) -> Dataset:
        shared, orientation, measures = Dataset(), Dataset(), Dataset()
        orientation.ImageOrientationPatient = [f"{v:.6e}" for v in (*self.grid.column_axis, *self.grid.row_axis)]
        measures.PixelSpacing = [f"{self.grid.row_spacing_mm:.6e}", f"{self.grid.column_spacing_mm:.6e}"]
        shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
        return shared

    def _frame(self, frame: ForeignFrame) -> Dataset:
        item, position, identification = Dataset(), Dataset(), Dataset()
        place = self.grid.index_to_mm(frame.slice_index, *frame.first)
        position.ImagePositionPatient = [f"{v:.6e}" for v in place]
        identification.ReferencedSegmentNumber = frame.segment
        item.PlanePositionSequence, item.SegmentIdentificationSequence = [position], [identification]
        return item


def _code(code: CodeTriple) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return [item]


def _segment(number: int, segment: ForeignSegment) -> Dataset:
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = number, segment.label, "SEMIAUTOMATIC"
    item.SegmentAlgorithmName = "SlicerEditor"
    item.SegmentedPropertyCategoryCodeSequence = _code(segment.category)
    item.SegmentedPropertyTypeCodeSequence = _code(segment.kind)
    if segment.region is not None:
        item.AnatomicRegionSequence = _code(segment.region)
    if segment.structure is not None:
        item.PrimaryAnatomicStructureSequence = _code(segment.structure)
    return item
