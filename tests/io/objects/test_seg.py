"""Scored calcium as DICOM Segmentation: the same voxels and the same score again, by any reader."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.io.make_ct import make_enhanced, write_series, write_slice
from tests.io.objects.conftest import ALGORITHM, ScoredStudy, context_of, save
from tests.validators import require_consistent, require_valid
from vascal.calcium.lesions import Lesion
from vascal.errors import GridMismatchError, InputError, LabelError
from vascal.io.labels import read_labels
from vascal.io.objects.context import ObjectContext
from vascal.io.objects.seg import SegLayout, write_result_seg
from vascal.io.objects.segments import SegmentCode, code_vessel, encode_cielab
from vascal.io.private_codes import PRIVATE_CODES
from vascal.io.reading import read_input
from vascal.pipeline import score_series
from vascal.score_options import ScoreOptions
from vascal.study import ImageSource, Series
from vascal.volume import Grid

LAYOUTS = {
    "full": SegLayout(),
    "cropped": SegLayout(is_cropped=True),
    "deflated": SegLayout(is_deflated=True),
    "label map": SegLayout(encoding="labelmap"),
    "cropped label map": SegLayout(encoding="labelmap", is_cropped=True),
}


def make_lesions(grid: Grid, seed: int = 0, vessels: tuple[str, ...] = ("LAD", "RCA")) -> tuple[Lesion, ...]:
    """Draw voxels anywhere on a grid, none twice, and share them out among vessels."""
    size = int(np.prod(grid.shape))
    index = np.random.default_rng(seed).choice(size, min(40, size // 2), replace=False)
    parts = np.array_split(index, len(vessels))
    return tuple(
        Lesion(id=n, vessel=name, index=np.sort(part), hu=np.full(part.size, 200, dtype=np.int16))
        for n, (name, part) in enumerate(zip(vessels, parts, strict=True), start=1)
    )


def write(series: Series, lesions: tuple[Lesion, ...], layout: SegLayout | None = None) -> bytes:
    context = context_of(series)
    written = write_result_seg(lesions, series, context, algorithm=ALGORITHM, colours={}, layout=layout)
    assert written is not None
    return written.data


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_segmentation_of_a_score_gives_that_score_again(
    tmp_path: Path, scored_study: ScoredStudy, layout: SegLayout
) -> None:
    path = save(scored_study.write(layout).data, tmp_path / "seg.dcm")

    again = score_series(scored_study.series, ScoreOptions(labels=path))

    first = scored_study.scored.report.score
    assert first.total.agatston > 100
    assert again.report.score.total == first.total
    assert dict(again.report.score.vessels) == dict(first.vessels)
    for one, other in zip(scored_study.scored.finding.lesions, again.finding.lesions, strict=True):
        assert one.vessel == other.vessel
        np.testing.assert_array_equal(one.index, other.index)


@pytest.mark.parametrize("layout", [LAYOUTS["full"], LAYOUTS["cropped"]])
def test_it_is_valid_and_agrees_with_its_images(tmp_path: Path, scored_study: ScoredStudy, layout: SegLayout) -> None:
    path = save(scored_study.write(layout).data, tmp_path / "seg.dcm")
    require_valid(path)
    require_consistent(path, *(image.path for image in scored_study.series.images))


def test_a_deflated_one_is_the_same_object(tmp_path: Path, scored_study: ScoredStudy) -> None:
    plain = pydicom.dcmread(save(scored_study.write().data, tmp_path / "plain.dcm"))
    deflated = pydicom.dcmread(save(scored_study.write(SegLayout(is_deflated=True)).data, tmp_path / "deflated.dcm"))
    assert deflated.file_meta.TransferSyntaxUID.is_deflated
    for one in (plain, deflated):
        del one.SOPInstanceUID, one.InstanceNumber, one.DimensionOrganizationSequence, one.DimensionIndexSequence
    assert deflated == plain


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_highdicom_reads_the_same_voxels(tmp_path: Path, scored_study: ScoredStudy, layout: SegLayout) -> None:
    seg = hd.seg.segread(save(scored_study.write(layout).data, tmp_path / "seg.dcm"))
    lesions = scored_study.scored.finding.lesions
    volume = seg.get_volume(combine_segments=False)
    for number in seg.segment_numbers:
        name = seg.get_segment_description(number).segment_label
        wanted = np.concatenate([one.index for one in lesions if name in (one.vessel, "All coronary calcium")])
        marked = np.argwhere(volume.array[..., number - 1])
        grid = scored_study.series.grid
        expected = [
            grid.index_to_mm(k, i, j) for k, i, j in np.transpose(np.unravel_index(wanted, grid.shape)).tolist()
        ]
        found = volume.map_indices_to_reference(marked)
        assert len(found) == len(expected)
        np.testing.assert_allclose(_in_order(found), _in_order(np.array(expected)), atol=1e-3)


def _in_order(points: np.ndarray) -> np.ndarray:
    rounded = points.round(2)
    return np.asarray(points[np.lexsort(rounded.T)])


def test_every_segment_says_what_it_is_and_what_found_it(tmp_path: Path, scored_study: ScoredStudy) -> None:
    written = scored_study.write()
    one = pydicom.dcmread(io.BytesIO(written.data))
    lad = one.SegmentSequence[written.reference.segment_numbers["LAD"] - 1]
    everything = one.SegmentSequence[written.reference.segment_numbers["all"] - 1]

    assert lad.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "49755003"
    assert lad.SegmentedPropertyTypeCodeSequence[0].CodeValue == "237897009"
    assert lad.AnatomicRegionSequence[0].CodeValue == "59438005"
    assert (lad.SegmentLabel, lad.TrackingID) == ("LAD", "vascal LAD")
    assert lad.TrackingUID == scored_study.context.make_uid("tracking", "LAD")
    identified = lad.SegmentationAlgorithmIdentificationSequence[0]
    assert (identified.AlgorithmVersion, identified.AlgorithmParameters) == ("9.9", "made-up 1 0123abcd")
    assert tuple(lad.RecommendedDisplayCIELabValue) == encode_cielab("#e69f00")
    assert (everything.SegmentLabel, everything.TrackingID) == ("All coronary calcium", "vascal all")
    assert everything.AnatomicRegionSequence[0].CodeValue == "41801008"
    modifier = everything.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0]
    assert (modifier.CodeValue, modifier.CodingSchemeDesignator) == ("ALL-CORONARY", "99VASCAL")
    assert one.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == "99VASCAL"
    assert one.SegmentsOverlap == "YES"
    assert written.reference.sop_instance_uid == one.SOPInstanceUID


def test_every_frame_refers_to_its_slice_and_to_no_other(scored_study: ScoredStudy) -> None:
    one = pydicom.dcmread(io.BytesIO(scored_study.write().data))
    positions = {image.sop_instance_uid: image.position_mm for image in scored_study.series.images}
    referred = set()
    for groups in one.PerFrameFunctionalGroupsSequence:
        source = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        assert tuple(groups.PlanePositionSequence[0].ImagePositionPatient) == pytest.approx(positions[source])
        referred.add(source)
    listed = one.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert {item.ReferencedSOPInstanceUID for item in listed} == referred
    assert len(listed) == len(referred)
    assert one.ReferencedSeriesSequence[0].SeriesInstanceUID == scored_study.series.series_instance_uid


def test_the_same_result_gives_the_same_bytes_and_another_one_other_identifiers(scored_study: ScoredStudy) -> None:
    assert scored_study.write().data == scored_study.write().data
    other = context_of(scored_study.series, b"other")
    assert other.instance_uid("seg") != scored_study.context.instance_uid("seg")
    assert context_of(scored_study.series).instance_uid("seg") == scored_study.context.instance_uid("seg")


def test_without_calcium_there_is_no_segmentation(scored_study: ScoredStudy) -> None:
    series, context = scored_study.series, scored_study.context
    assert write_result_seg((), series, context, algorithm=ALGORITHM, colours={}) is None


def test_calcium_of_no_vessel_and_of_others_keeps_its_name(tmp_path: Path) -> None:
    (series,) = read_input(write_series(tmp_path / "ct"))[0].series
    lesions = make_lesions(series.grid, vessels=("RCA", "unassigned", "PDA"))
    path = save(write(series, lesions), tmp_path / "seg.dcm")
    require_valid(path)
    label_map = read_labels(path, series.grid)
    for lesion in lesions:
        np.testing.assert_array_equal(label_map.voxels(lesion.vessel), lesion.index)
    assert sorted(label_map.names.values()) == ["PDA", "RCA", "unassigned"]


def test_a_segment_of_all_calcium_alone_is_read_as_calcium_of_no_vessel(tmp_path: Path) -> None:
    (series,) = read_input(write_series(tmp_path / "ct"))[0].series
    lesions = make_lesions(series.grid, vessels=("RCA",))
    one = pydicom.dcmread(io.BytesIO(write(series, lesions)))
    half = int(one.NumberOfFrames) // 2
    one.SegmentSequence = [one.SegmentSequence[1]]
    one.PerFrameFunctionalGroupsSequence = list(one.PerFrameFunctionalGroupsSequence)[half:]
    one.PixelData = np.packbits(one.pixel_array[half:].ravel(), bitorder="little").tobytes()
    one.NumberOfFrames = half
    one.save_as(tmp_path / "seg.dcm")
    label_map = read_labels(tmp_path / "seg.dcm", series.grid)
    np.testing.assert_array_equal(label_map.voxels("unassigned"), lesions[0].index)


@pytest.mark.parametrize("edited", [0, -1], ids=["a vessel", "the sum"])
@pytest.mark.parametrize("pixels", [0, 1], ids=["erased", "drawn"])
def test_a_sum_that_is_not_what_the_vessels_hold_is_refused(tmp_path: Path, edited: int, pixels: int) -> None:
    """Which of the two was edited, and so which one counts, nobody but the user knows."""
    (series,) = read_input(write_series(tmp_path / "ct"))[0].series
    one = pydicom.dcmread(io.BytesIO(write(series, make_lesions(series.grid, vessels=("RCA",)))))
    frames = one.pixel_array.copy()
    frames[edited] = pixels
    one.PixelData = np.packbits(frames.ravel(), bitorder="little").tobytes()
    one.save_as(tmp_path / "seg.dcm")
    with pytest.raises(LabelError, match=r"segment 2 should hold all coronary calcium.*delete segment 2 to score the"):
        read_labels(tmp_path / "seg.dcm", series.grid)
    assert read_labels(tmp_path / "seg.dcm", series.grid, {1: "RCA"}).mask("RCA").any()


def keep_segments(one: Dataset, numbers: set[int]) -> None:
    """Drop every frame of the other segments, and leave their descriptions."""
    groups = one.PerFrameFunctionalGroupsSequence
    shown = [int(item.SegmentIdentificationSequence[0].ReferencedSegmentNumber) for item in groups]
    kept = [n for n, number in enumerate(shown) if number in numbers]
    frames = one.pixel_array[kept]
    one.PerFrameFunctionalGroupsSequence = [groups[n] for n in kept]
    one.NumberOfFrames, one.PixelData = len(kept), np.packbits(frames.ravel(), bitorder="little").tobytes()


def test_vessels_of_which_everything_was_deleted_do_not_come_back_by_the_sum(tmp_path: Path) -> None:
    (series,) = read_input(write_series(tmp_path / "ct"))[0].series
    one = pydicom.dcmread(io.BytesIO(write(series, make_lesions(series.grid))))
    keep_segments(one, {3})
    one.save_as(tmp_path / "seg.dcm")
    with pytest.raises(LabelError, match="but 40 of its voxels are in no vessel"):
        read_labels(tmp_path / "seg.dcm", series.grid)


def test_a_sum_of_which_everything_was_deleted_says_nothing(tmp_path: Path) -> None:
    (series,) = read_input(write_series(tmp_path / "ct"))[0].series
    one = pydicom.dcmread(io.BytesIO(write(series, make_lesions(series.grid))))
    keep_segments(one, {1, 2})
    one.save_as(tmp_path / "seg.dcm")
    assert np.count_nonzero(read_labels(tmp_path / "seg.dcm", series.grid).labels) == 40


def test_what_an_editor_adds_under_a_name_of_its_own_is_never_scored_unasked(
    tmp_path: Path, scored_study: ScoredStudy
) -> None:
    one = pydicom.dcmread(io.BytesIO(scored_study.write().data))
    keep_segments(one, {1, 2})
    bone = one.SegmentSequence[1]
    del bone.AnatomicRegionSequence, bone.TrackingID
    bone.SegmentLabel, bone.SegmentedPropertyTypeCodeSequence[0].CodeValue = "bone", "272673000"
    one.save_as(tmp_path / "seg.dcm")
    with pytest.raises(LabelError, match=r"seg.dcm marks bone, which may be no coronary calcium; say with --label"):
        score_series(scored_study.series, ScoreOptions(labels=tmp_path / "seg.dcm"))
    chosen = ScoreOptions(labels=tmp_path / "seg.dcm", label_names={1: "LM"})
    assert set(score_series(scored_study.series, chosen).report.score.vessels) == {"LM", "LAD", "LCX", "RCA"}


def test_a_vessel_that_the_user_named_comes_back_without_being_named_again(
    tmp_path: Path, scored_study: ScoredStudy
) -> None:
    lesions = [
        replace(one, vessel="D1" if one.vessel == "LM" else one.vessel) for one in scored_study.scored.finding.lesions
    ]
    context, series = scored_study.context, scored_study.series
    written = write_result_seg(lesions, series, context, algorithm=ALGORITHM, colours={})
    assert written is not None
    path = save(written.data, tmp_path / "seg.dcm")
    again = score_series(series, ScoreOptions(labels=path)).report.score
    assert again.vessels["D1"].agatston > 0
    assert again.total == scored_study.scored.report.score.total


def oblique(_: int, ds: Dataset) -> None:
    """Tilt the stack's rows and columns a little, with the slices along their normal."""
    tilt = np.deg2rad(4.0)
    down, normal = np.array([0, np.cos(tilt), np.sin(tilt)]), np.array([0, -np.sin(tilt), np.cos(tilt)])
    ds.ImageOrientationPatient = [1, 0, 0, *(float(v) for v in down)]
    along = float(ds.ImagePositionPatient[2])
    ds.ImagePositionPatient = [float(v) for v in np.array([-10.0, -20.0, 0.0]) + along * normal]


def feet_first(index: int, ds: Dataset) -> None:
    """Turn rows and columns by half a turn, and number slices from the head."""
    ds.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
    ds.InstanceNumber = 100 - index


def archive(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as made:
        for one in sorted(folder.iterdir()):
            made.write(one, f"deep/{one.name}")
    return path


def enhanced(folder: Path) -> Path:
    one = make_enhanced((6.0, 0.0, 9.0, 3.0), FrameOfReferenceUID="1.2.3.3")
    write_slice(folder, "multi.dcm", one)
    return folder


SOURCES: dict[str, Callable[[Path], Path]] = {
    "even": write_series,
    "uneven": lambda folder: write_series(folder, (0.0, 3.0, 6.0, 10.0, 13.0)),
    "head first": lambda folder: write_series(folder, (12.0, 9.0, 6.0, 3.0, 0.0)),
    "turned": lambda folder: write_series(folder, change=feet_first),
    "oblique": lambda folder: write_series(folder, change=oblique),
    "archive": lambda folder: archive(write_series(folder)),
    "multi-frame": enhanced,
    "no frame of reference": lambda folder: write_series(folder, FrameOfReferenceUID=None),
    "lossy": lambda folder: write_series(folder, LossyImageCompression="01", LossyImageCompressionRatio=10),
}


@pytest.mark.parametrize("layout", [LAYOUTS[name] for name in ("full", "cropped", "label map")])
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_marks_land_on_their_voxels_whatever_the_images_are_like(
    tmp_path: Path, make: Callable[[Path], Path], layout: SegLayout
) -> None:
    (series,) = read_input(make(tmp_path / "ct"), accept_uneven=True)[0].series
    lesions = make_lesions(series.grid, vessels=("LM", "LCX"))
    path = save(write(series, lesions, layout), tmp_path / "seg.dcm")
    label_map = read_labels(path, series.grid)
    for lesion in lesions:
        np.testing.assert_array_equal(label_map.voxels(lesion.vessel), lesion.index)
    assert list(hd.seg.segread(path).segment_numbers)[:2] == [1, 2]
    if layout.encoding == "binary" and not layout.is_deflated:
        require_valid(path)


def test_two_stacks_of_one_series_get_a_segmentation_each(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    write_series(folder, prefix="b", change=_second_stack)
    both = read_input(folder)[0].series
    assert len(both) == 2
    uids = set()
    for number, series in enumerate(both):
        lesions = make_lesions(series.grid, seed=number)
        path = save(write(series, lesions), tmp_path / f"{number}.dcm")
        label_map = read_labels(path, series.grid)
        for lesion in lesions:
            np.testing.assert_array_equal(label_map.voxels(lesion.vessel), lesion.index)
        uids.add(pydicom.dcmread(path).SOPInstanceUID)
    assert len(uids) == 2


def _second_stack(index: int, ds: Dataset) -> None:
    ds.AcquisitionNumber = 2
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(f"1.2.3.5.{index + 1}")


def test_frames_of_a_multi_frame_image_are_named_by_number(tmp_path: Path) -> None:
    (series,) = read_input(enhanced(tmp_path / "ct"))[0].series
    # The grid runs from the feet; the file holds heights 6, 0, 9 and 3 mm.
    lesion = Lesion(id=1, vessel="LAD", index=np.array([0]), hu=np.array([200], dtype=np.int16))
    one = pydicom.dcmread(io.BytesIO(write(series, (lesion,))))
    source = one.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    assert source.ReferencedFrameNumber == 2


def test_a_label_map_has_no_segment_of_all_and_no_overlap(scored_study: ScoredStudy) -> None:
    written = scored_study.write(SegLayout(encoding="labelmap"))
    one = pydicom.dcmread(io.BytesIO(written.data))
    assert "all" not in written.reference.segment_numbers
    assert (one.SegmentationType, one.SegmentsOverlap) == ("LABELMAP", "NO")
    assert one.SegmentSequence[0].SegmentNumber == 0


def test_lesions_that_share_voxels_have_no_label_map(tmp_path: Path) -> None:
    (series,) = read_input(write_series(tmp_path / "ct"))[0].series
    twice = tuple(
        Lesion(id=n, vessel=name, index=np.array([5, 6]), hu=np.array([200, 200], dtype=np.int16))
        for n, name in enumerate(("LAD", "RCA"), start=1)
    )
    with pytest.raises(LabelError, match="shares voxels"):
        write(series, twice, SegLayout(encoding="labelmap"))


def test_images_of_another_series_and_lesions_of_another_grid_are_refused(tmp_path: Path) -> None:
    (series,) = read_input(write_series(tmp_path / "ct"))[0].series
    (other,) = read_input(write_series(tmp_path / "b", change=_second_stack))[0].series
    lesions = make_lesions(series.grid)
    with pytest.raises(InputError, match="5 of 5 slices are not among"):
        write_result_seg(lesions, series, context_of(other), algorithm=ALGORITHM, colours={})
    outside = (Lesion(id=1, vessel="LAD", index=np.array([10**6]), hu=np.array([200], dtype=np.int16)),)
    with pytest.raises(GridMismatchError, match="outside the series"):
        write(series, outside)


def big_case(calcified: int) -> tuple[Series, ObjectContext, tuple[Lesion, ...]]:
    """Build a scan of 400 slices of 512 x 512 pixels in memory, with small lesions on the slices from 100 on."""
    grid = Grid.even((400, 512, 512), (0.5, 0.4, 0.4))
    sources, images = [], []
    for k in range(400):
        one = Dataset()
        one.SOPClassUID, one.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{k + 1}"
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = "1.2.1", "1.2.2", "1.2.4"
        sources.append(one)
        position = (0.0, 0.0, 0.5 * k)
        images.append(ImageSource(path=Path("x"), sop_instance_uid=f"1.2.3.{k + 1}", position_mm=position))
    series = Series(study_instance_uid="1.2.1", series_instance_uid="1.2.2", key="k", images=tuple(images), grid=grid)
    lesions = []
    for number, (name, row, column) in enumerate((("LAD", 200, 260), ("RCA", 270, 180), ("LCX", 260, 320)), start=1):
        box = np.zeros(grid.shape, dtype=bool)
        box[100 : 100 + calcified, row : row + 8, column : column + 9] = True
        index = np.flatnonzero(box)
        lesions.append(Lesion(id=number, vessel=name, index=index, hu=np.full(index.size, 300, dtype=np.int16)))
    return series, ObjectContext(sources=tuple(sources), seed="s", version="9.9"), tuple(lesions)


def test_a_sparse_segmentation_of_400_slices_is_small_if_it_may_be(tmp_path: Path) -> None:
    series, context, lesions = big_case(calcified=30)
    sizes = {}
    for name, layout in LAYOUTS.items():
        written = write_result_seg(lesions, series, context, algorithm=ALGORITHM, colours={}, layout=layout)
        assert written is not None
        sizes[name] = len(written.data)
        label_map = read_labels(save(written.data, tmp_path / "seg.dcm"), series.grid)
        for lesion in lesions:
            np.testing.assert_array_equal(label_map.voxels(lesion.vessel), lesion.index)
    # Three vessels and all of them on 30 slices are 120 frames of 32 kB.
    assert 120 * 32768 < sizes["full"] < 120 * 33600
    assert sizes["cropped"] < 400_000
    assert sizes["deflated"] < 40_000


def test_the_project_s_codes_stand_in_its_table() -> None:
    for name in ("all", "unassigned", "PDA"):
        code: SegmentCode = code_vessel(name)
        assert code.kind_modifier is not None
        assert PRIVATE_CODES[code.kind_modifier.value].meaning == code.kind_modifier.meaning


def test_colours_are_those_of_the_standard_s_conversion() -> None:
    # White, black and mid grey have no chroma: a* = b* = 0, which is encoded as 0x8080.
    assert [encode_cielab(one)[1:] for one in ("#ffffff", "#000000", "#808080")] == [(32896, 32896)] * 3
    # sRGB red under D50 is L* 54.29, a* 80.8, b* 69.9.
    lightness, a, b = encode_cielab("#ff0000")
    assert (lightness * 100 / 65535, a * 255 / 65535 - 128, b * 255 / 65535 - 128) == pytest.approx(
        (54.29, 80.8, 69.9), abs=0.05
    )


def test_the_file_is_plain_little_endian_by_default(scored_study: ScoredStudy) -> None:
    one = pydicom.dcmread(io.BytesIO(scored_study.write().data))
    assert one.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_what_is_stored_in_another_way_is_another_object(scored_study: ScoredStudy) -> None:
    uids = {pydicom.dcmread(io.BytesIO(scored_study.write(one).data)).SOPInstanceUID for one in LAYOUTS.values()}
    assert len(uids) == len(LAYOUTS)
