"""What was read off a film as DICOM Segmentation: marks lie on the stored pixels, however the film was turned."""

from __future__ import annotations

import io
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest

from tests.aac.made_film import MadeUpReader
from tests.film_files import write_film
from tests.io.objects.conftest import ALGORITHM, GradedFilm, grade, save
from tests.validators import require_consistent, require_valid
from vascal.aac.reading import WallPath
from vascal.errors import GridMismatchError
from vascal.io.objects.film_seg import paint_wall, segment_film, write_film_seg
from vascal.io.objects.seg import WrittenSeg
from vascal.io.objects.segments import encode_cielab
from vascal.render.palette import VERTEBRA_COLOUR, WALL_COLOURS

COLOURS = {**WALL_COLOURS, "vertebra": VERTEBRA_COLOUR}
TURNS = {("P", "F"): 0, ("A", "H"): 2, ("F", "A"): 1, ("H", "P"): 3}
"""Patient Orientation of the stored film, and the quarter turns against the clock that made it of an upright one."""


def write(graded: GradedFilm) -> WrittenSeg:
    scored = graded.scored
    written = write_film_seg(scored.film, scored.reading, graded.context, algorithm=ALGORITHM, colours=COLOURS)
    assert written is not None
    return written


def masks_of(graded: GradedFilm) -> dict[str, np.ndarray]:
    segments = segment_film(graded.scored.film, graded.scored.reading, graded.context, COLOURS)
    source = graded.context.sources[0]
    shape = (int(source.Rows), int(source.Columns))
    masks = {}
    for segment in segments:
        mask = np.zeros(shape, dtype=bool)
        mask.reshape(-1)[segment.index] = True
        masks[segment.name] = mask
    return masks


def turned_film(path: Path, orientation: tuple[str, str]) -> Path:
    """Store the made-up film turned, as a detector that lay on its side would."""
    one = pydicom.dcmread(write_film(path))
    turned = np.rot90(one.pixel_array, TURNS[orientation])
    one.PixelData = np.ascontiguousarray(turned).tobytes()
    one.Rows, one.Columns = turned.shape
    one.PatientOrientation = list(orientation)
    one.save_as(path)
    return path


def test_the_segmentation_of_a_film_is_valid_and_without_frame_of_reference(
    tmp_path: Path, graded_film: GradedFilm
) -> None:
    written = write(graded_film)
    path = save(written.data, tmp_path / "seg.dcm")
    require_valid(path)
    require_consistent(path, graded_film.path)
    one = pydicom.dcmread(path)
    assert "FrameOfReferenceUID" not in one
    assert (one.Rows, one.Columns) == (320, 160)
    assert "PlanePositionSequence" not in one.PerFrameFunctionalGroupsSequence[0]
    source = one.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    assert source.ReferencedSOPInstanceUID == "1.2.3.4.5"
    assert list(written.reference.segment_numbers) == ["anterior wall", "posterior wall", "L1", "L2", "L3", "L4"]


def test_walls_and_vertebrae_are_coded(graded_film: GradedFilm) -> None:
    one = pydicom.dcmread(io.BytesIO(write(graded_film).data))
    anterior, third = one.SegmentSequence[0], one.SegmentSequence[4]
    region = anterior.AnatomicRegionSequence[0]
    assert anterior.SegmentedPropertyTypeCodeSequence[0].CodeValue == "237897009"
    assert (region.CodeValue, region.AnatomicRegionModifierSequence[0].CodeMeaning) == ("7832008", "Anterior")
    assert third.SegmentedPropertyTypeCodeSequence[0].CodeValue == "36470004"
    assert third.SegmentLabel == "L3"
    assert tuple(anterior.RecommendedDisplayCIELabValue) == encode_cielab(WALL_COLOURS["anterior"])
    assert tuple(third.RecommendedDisplayCIELabValue) == encode_cielab(VERTEBRA_COLOUR)
    assert third.TrackingUID == graded_film.context.make_uid("tracking", "L3")


def test_highdicom_reads_the_masks(tmp_path: Path, graded_film: GradedFilm) -> None:
    seg = hd.seg.segread(save(write(graded_film).data, tmp_path / "seg.dcm"))
    frames = seg.get_pixels_by_source_instance(["1.2.3.4.5"])
    for number, mask in enumerate(masks_of(graded_film).values()):
        np.testing.assert_array_equal(frames[0, ..., number], mask)


@pytest.mark.parametrize("orientation", TURNS)
def test_masks_lie_on_the_stored_pixels_of_a_turned_film(
    tmp_path: Path, graded_film: GradedFilm, orientation: tuple[str, str]
) -> None:
    turned = grade(turned_film(tmp_path / "film.dcm", orientation))
    assert turned.scored.film.pixels.shape == (320, 160)
    upright = masks_of(graded_film)
    for name, mask in masks_of(turned).items():
        np.testing.assert_array_equal(mask, np.rot90(upright[name], TURNS[orientation]))
    require_valid(save(write(turned).data, tmp_path / "seg.dcm"))


def test_a_film_without_calcification_still_shows_its_vertebrae(graded_film: GradedFilm) -> None:
    reading = MadeUpReader(changes={"shares": (0.0,) * 8}).read_film(graded_film.scored.film)
    segments = segment_film(graded_film.scored.film, reading, graded_film.context, COLOURS)
    assert [segment.name for segment in segments] == ["L1", "L2", "L3", "L4"]


def test_a_reading_of_another_film_is_refused(tmp_path: Path, graded_film: GradedFilm) -> None:
    small = grade(write_film(tmp_path / "small.dcm", rows=160))
    with pytest.raises(GridMismatchError, match="needed: the same film"):
        segment_film(small.scored.film, small.scored.reading, graded_film.context, COLOURS)


def test_calcified_wall_is_a_line_two_millimetres_wide() -> None:
    points = np.array([[2.0, 20.0], [5.0, 20.0], [15.0, 20.0], [30.0, 20.0]])
    path = WallPath(points=points, is_calcified=np.array([False, True, True, False]), probability=np.ones(4))
    painted = paint_wall(path, (40, 40), (0.5, 0.5))
    # One millimetre is two pixels: columns 18 to 22 between the points, round beyond the ends.
    assert np.flatnonzero(painted[10]).tolist() == [18, 19, 20, 21, 22]
    assert np.flatnonzero(painted[:, 20]).tolist() == list(range(3, 18))
    assert not painted[:3].any()


def test_a_wall_at_the_border_stays_on_the_film() -> None:
    points = np.array([[0.0, 0.0], [3.0, 0.0]])
    path = WallPath(points=points, is_calcified=np.array([True, True]), probability=np.ones(2))
    assert paint_wall(path, (6, 4), (2.5, 2.5)).sum() == 4
