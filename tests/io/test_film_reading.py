"""Films found in files, folders and archives; what is refused, what is left alone, and in which words."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from tests.io.make_ct import make_slice, write_slice
from tests.io.make_film import MadeFilm, make_film, ramp, save_film
from vascal.errors import InputError, PixelError, UnsupportedImageError
from vascal.io.dicom import read_studies
from vascal.io.film_reading import FoundFilm, is_film, read_films
from vascal.io.film_writer import write_film


def only(path: Path, **options: Any) -> FoundFilm:
    (film,) = read_films(path, **options).films
    return film


def refused(tmp_path: Path, **attributes: Any) -> tuple[str, str]:
    found = read_films(save_film(tmp_path / "one.dcm", make_film(**attributes)))
    assert not found.films
    (refusal,) = found.refusals
    return refusal.code, refusal.message


def test_a_film_keeps_what_the_header_says_and_no_name(tmp_path: Path) -> None:
    film = only(save_film(tmp_path / "a.dcm", make_film()))

    assert film.key == "1.2.9.4.1"
    assert film.subject == "a.dcm"
    facts = film.facts
    assert (facts.modality, facts.body_part, facts.view_position, facts.grid) == ("DX", "LSPINE", "LL", "IN")
    assert (facts.kvp, facts.exposure_mas, facts.series_number, facts.bits_stored) == (85, 32, 3, 12)
    assert (film.patient.sex, film.patient.age_years) == ("F", 70.0)
    assert "SECRET" not in repr(film)
    assert "4711" not in repr(film)


def test_pixels_are_brightness_on_the_full_range(tmp_path: Path) -> None:
    film = only(save_film(tmp_path / "a.dcm", make_film())).load()

    assert film.pixels.dtype == np.float32
    assert np.allclose(film.pixels, ramp() / 4095, atol=1e-6)
    assert film.spacing_mm == (0.2, 0.2)
    assert film.spacing_source == "imager-pixel-spacing"


@pytest.mark.parametrize("modality", ["DX", "CR", "OT"])
def test_films_of_each_kind_are_found_in_a_folder_at_any_depth_and_in_a_zip(tmp_path: Path, modality: str) -> None:
    save_film(tmp_path / "in/deep/er/x", make_film(modality=modality))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "in/deep/er/x", "y/x")

    folder, archived = only(tmp_path / "in"), only(tmp_path / "all.zip")

    assert folder.subject == "deep/er/x"
    assert (archived.member, archived.key) == ("y/x", folder.key)
    assert np.array_equal(folder.load().pixels, archived.load().pixels)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_films_are_the_same_films(tmp_path: Path, syntax: str) -> None:
    plain = only(save_film(tmp_path / "a.dcm", make_film())).load()
    packed = only(save_film(tmp_path / "b.dcm", make_film(number=2), syntax=syntax)).load()

    assert np.array_equal(plain.pixels, packed.pixels)


def test_a_file_without_preamble_and_meta_header_is_read(tmp_path: Path) -> None:
    ds = make_film()
    whole = ds.file_meta
    del ds.file_meta
    pydicom.dcmwrite(tmp_path / "bare", ds, implicit_vr=True, little_endian=True, enforce_file_format=False)
    ds.file_meta = whole

    film = only(tmp_path / "bare")

    assert np.allclose(film.load().pixels, ramp() / 4095, atol=1e-6)


def test_a_real_computed_radiograph_of_the_neck_is_refused_for_its_body_part() -> None:
    folder = Path(str(get_testdata_file("DICOMDIR"))).parent / "77654033"

    found = read_films(folder / "CR1")

    assert [(one.code, "CSPINE" in one.message) for one in found.refusals] == [("film", True)]


def test_ct_slices_are_left_to_others_and_films_to_this(tmp_path: Path) -> None:
    for index in range(3):
        write_slice(tmp_path, f"ct{index}", make_slice(index, (0, 0, 3.0 * index)))
    save_film(tmp_path / "film.dcm", make_film())
    (tmp_path / "notes.txt").write_text("a CT and a film")

    found = read_films(tmp_path)

    assert [film.subject for film in found.films] == ["film.dcm"]
    assert not found.refusals
    assert found.claimed_series == {"1.2.9.2"}
    refused_by_ct = {refusal.subject for study in read_studies(tmp_path) for refusal in study.refusals}
    assert refused_by_ct == found.claimed_series
    assert [is_film(tmp_path / name) for name in ("ct0", "film.dcm", "notes.txt", "none")] == [
        False,
        True,
        False,
        False,
    ]
    assert not is_film(tmp_path)


def test_an_input_without_films_is_an_empty_set(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nothing")

    assert read_films(tmp_path) == read_films(tmp_path / "a.txt")
    assert read_films(tmp_path).films == ()


def test_a_path_with_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder"):
        read_films(tmp_path / "none")


@pytest.mark.parametrize("stated", [0.0, -1.0, 5.0, float("nan")])
def test_a_stated_spacing_no_film_has_is_refused(tmp_path: Path, stated: float) -> None:
    save_film(tmp_path / "a.dcm", make_film())
    with pytest.raises(InputError, match=r"needed: 0\.02 to 2 mm"):
        read_films(tmp_path, stated_spacing_mm=stated)


@pytest.mark.parametrize(
    ("attributes", "code", "words"),
    [
        ({"ViewPosition": "AP"}, "not-lateral", "view is AP"),
        ({"ViewPosition": "PA"}, "not-lateral", "view is PA"),
        ({"ViewPosition": "RLO"}, "not-lateral", "oblique"),
        ({"ViewPosition": None, "PatientOrientation": ["L", "F"]}, "not-lateral", "left or right"),
        ({"BodyPartExamined": "CHEST"}, "film", "CHEST"),
        ({"BodyPartExamined": "KNEE"}, "film", "KNEE"),
        ({"BodyPartExamined": "C SPINE"}, "film", "CSPINE"),
        ({"Modality": "MG"}, "unsupported-image", "mammography"),
        ({"ImageType": ["DERIVED", "SECONDARY", "DOSE_INFO"]}, "unsupported-image", "no picture"),
        ({"NumberOfFrames": "3"}, "unsupported-image", "3 frames"),
        ({"Rows": 1, "Columns": 1}, "pixels", "1 x 1 pixels"),
        ({"Rows": 60000, "Columns": 60000}, "pixels", "claimed"),
        ({"Rows": 20000, "Columns": 100}, "pixels", "claimed"),
        ({"Rows": None}, "pixels", "0 x 64"),
    ],
)
def test_what_can_not_be_a_lateral_film_is_refused_by_its_header(
    tmp_path: Path, attributes: dict[str, Any], code: str, words: str
) -> None:
    got, message = refused(tmp_path, **attributes)

    assert got == code
    assert words in message
    assert "SECRET" not in message


@pytest.mark.parametrize(
    "part", ["", "ABDOMEN", "LSPINE", "SPINE", "TSPINE", "PELVIS", "UNKNOWN PART", "ABDOMENPELVIS"]
)
def test_body_parts_that_may_show_the_lumbar_spine_pass(tmp_path: Path, part: str) -> None:
    assert read_films(save_film(tmp_path / "a.dcm", make_film(BodyPartExamined=part))).films


@pytest.mark.parametrize("view", ["", "LL", "RL", "LATERAL", "LAT", "LLD", "RLD", "XTABLE LAT", "SOMETHING"])
def test_views_that_may_be_lateral_pass(tmp_path: Path, view: str) -> None:
    assert read_films(save_film(tmp_path / "a.dcm", make_film(ViewPosition=view))).films


def test_words_of_the_view_outweigh_an_orientation_that_is_often_a_default(tmp_path: Path) -> None:
    ds = make_film(ViewPosition="LATERAL", PatientOrientation=["L", "F"])

    film = only(save_film(tmp_path / "a.dcm", ds)).load()

    assert film.facts.patient_orientation == ("L", "F")


@pytest.mark.parametrize(
    ("meaning", "passes"), [("antero-posterior", False), ("left lateral", True), ("oblique", False)]
)
def test_the_code_of_the_view_is_read_where_its_name_is_not_given(tmp_path: Path, meaning: str, passes: bool) -> None:
    code = pydicom.Dataset()
    code.CodeMeaning = meaning
    ds = make_film(ViewPosition=None, ViewCodeSequence=[code], BodyPartExamined=None, AnatomicRegionSequence=[])

    found = read_films(save_film(tmp_path / "a.dcm", ds))

    assert bool(found.films) is passes


def test_other_objects_with_a_film_s_modality_are_left_alone(tmp_path: Path) -> None:
    report = make_film(modality="OT", SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1")
    capture = make_film(modality="OT", Modality="CT", number=2)
    nameless = make_film(SOPClassUID=None, Modality="OT", number=3)
    for name, ds in (("report", report), ("capture", capture), ("nameless", nameless)):
        save_film(tmp_path / name, ds)

    assert read_films(tmp_path) == read_films(tmp_path / "report")
    assert not read_films(tmp_path).refusals


def test_a_film_whose_class_was_emptied_is_known_by_its_modality(tmp_path: Path) -> None:
    assert read_films(save_film(tmp_path / "a.dcm", make_film(SOPClassUID=None))).films


def test_a_second_file_of_the_same_instance_is_read_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_film(tmp_path / name, make_film())

    found = read_films(tmp_path)

    assert [film.subject for film in found.films] == ["a"]
    assert [(one.subject, one.code, one.study_instance_uid) for one in found.refusals] == [
        ("b", "unsupported-image", "1.2.9.1")
    ]


def test_films_come_in_the_order_of_date_and_series(tmp_path: Path) -> None:
    for number, (date, series) in enumerate((("20210101", 1), ("20200101", 5), ("20200101", 2), ("20200101", None))):
        save_film(tmp_path / f"f{number}", make_film(number=number, StudyDate=date, SeriesNumber=series))

    assert [film.subject for film in read_films(tmp_path).films] == ["f3", "f2", "f1", "f0"]


def test_without_an_instance_uid_the_key_is_the_file_s_name(tmp_path: Path) -> None:
    save_film(tmp_path / "in/a.dcm", make_film(SOPInstanceUID=None))

    assert only(tmp_path / "in").key == "a"


def test_a_header_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    whole = save_film(tmp_path / "a.dcm", make_film()).read_bytes()
    (tmp_path / "a.dcm").write_bytes(whole[:600])

    found = read_films(tmp_path / "a.dcm")

    assert not found.films
    assert all(refusal.code in ("pixels", "unsupported-image") for refusal in found.refusals)


def test_pixels_that_are_cut_short_are_refused_when_they_are_read(tmp_path: Path) -> None:
    whole = save_film(tmp_path / "a.dcm", make_film()).read_bytes()
    (tmp_path / "a.dcm").write_bytes(whole[:-500])

    with pytest.raises(PixelError, match=r"can not be decoded|cut short"):
        only(tmp_path / "a.dcm").load()


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    path = save_film(tmp_path / "a.dcm", make_film())
    film = only(path)
    path.unlink()

    with pytest.raises(InputError, match="can not be read"):
        film.load()


def test_a_member_that_can_not_be_opened_is_taken_for_no_film(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.dcm", b"\0" * 128 + b"DICM" + b"junk" * 20)
    damaged = bytearray(path.read_bytes())
    damaged[0:4] = b"XXXX"  # the member's own head
    path.write_bytes(bytes(damaged))

    assert read_films(path).films == ()


@pytest.mark.parametrize(
    ("orientation", "turned", "facing"),
    [
        (("A", "F"), lambda film: film, "A"),
        (("PH", "FA"), lambda film: film, "P"),
        (("A", "H"), lambda film: film[::-1, ::-1], "P"),
        (("F", "A"), lambda film: np.rot90(film, -1), "P"),
        (("H", "A"), lambda film: np.rot90(film, 1), "A"),
        (("H", "P"), lambda film: np.rot90(film, 1), "P"),
    ],
)
def test_the_head_is_turned_up(tmp_path: Path, orientation: tuple[str, str], turned: Any, facing: str) -> None:
    ds = make_film(PatientOrientation=list(orientation), ImagerPixelSpacing=[0.1, 0.2])

    film = only(save_film(tmp_path / "a.dcm", ds)).load()

    expected = turned(ramp() / 4095)
    assert np.allclose(film.pixels, expected, atol=1e-6)
    assert film.facts.patient_orientation[0][0] == facing
    assert film.spacing_mm == ((0.1, 0.2) if expected.shape == (80, 64) else (0.2, 0.1))
    assert any("head is up" in note for note in film.notes) == (orientation[1][0] != "F")


def test_the_feet_stay_down_and_the_belly_stays_in_front_after_a_turn(tmp_path: Path) -> None:
    """The body's own axes, marked on a film, keep their places whichever way the film was stored."""
    upright = np.zeros((80, 64), dtype=np.uint16)
    upright[:10] = 1000  # the head
    upright[:, :8] += 3000  # the belly: this patient looks to the left, so rows run to the back
    for stored, orientation in (
        (upright, ["P", "F"]),
        (np.rot90(upright, 2), ["A", "H"]),
        (np.rot90(upright, 1), ["F", "A"]),
        (np.rot90(upright, -1), ["H", "P"]),
    ):
        ds = make_film(np.ascontiguousarray(stored), PatientOrientation=orientation)
        film = only(save_film(tmp_path / "a.dcm", ds)).load()
        assert film.facts.patient_orientation == ("P", "F")
        assert np.allclose(film.pixels, upright / 4000, atol=1e-6)


def test_what_is_weak_but_usable_is_noted(tmp_path: Path) -> None:
    ds = make_film(ImageType=["DERIVED", "PRIMARY"], ViewPosition="LLD")

    notes = only(save_film(tmp_path / "a.dcm", ds)).load().notes

    assert any("derived from other images" in note for note in notes)
    assert any("decubitus" in note for note in notes)


def test_a_written_film_is_read_back_as_it_was_drawn(tmp_path: Path) -> None:
    write_film(MadeFilm(photometric="MONOCHROME1", facing="right"), tmp_path / "a.dcm")

    film = only(tmp_path / "a.dcm").load()

    assert np.allclose(film.pixels, 1 - ramp() / 4095, atol=1e-6)
    assert film.facts.patient_orientation == ("A", "F")


# Pictures


def picture(path: Path, values: np.ndarray, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, **options)
    return path


GREY = (ramp(top=255)).astype(np.uint8)


def test_a_picture_needs_a_stated_spacing(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", GREY)

    (refusal,) = read_films(path).refusals
    film = only(path, stated_spacing_mm=0.143).load()

    assert (refusal.code, "--pixel-spacing" in refusal.message) == ("input", True)
    assert (film.spacing_mm, film.spacing_source) == ((0.143, 0.143), "stated")
    assert film.facts.source_format == "png"
    assert only(path, stated_spacing_mm=0.143).key == "a"


def test_pictures_that_differ_in_their_ending_alone_keep_it_in_their_key(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "sub/a.tif"):
        picture(tmp_path / name, GREY)

    keys = {film.key for film in read_films(tmp_path, stated_spacing_mm=0.2).films}

    assert keys == {"a.png", "a.jpg", "sub/a"}


def test_a_picture_beside_dicom_is_a_film_only_with_a_spacing(tmp_path: Path) -> None:
    save_film(tmp_path / "a.dcm", make_film())
    picture(tmp_path / "logo.png", GREY)

    alone, stated = read_films(tmp_path), read_films(tmp_path, stated_spacing_mm=0.2)

    assert ([film.subject for film in alone.films], alone.refusals) == (["a.dcm"], ())
    assert [film.subject for film in stated.films] == ["logo.png", "a.dcm"]


def test_a_scanner_s_resolution_is_believed_with_a_note(tmp_path: Path) -> None:
    film = only(picture(tmp_path / "a.tif", GREY, dpi=(150, 300))).load()

    assert film.spacing_mm == pytest.approx((25.4 / 300, 25.4 / 150))
    assert film.spacing_source == "nominal"
    assert any("resolution" in note for note in film.notes)


@pytest.mark.parametrize("dpi", [72, 96, 25, 1200])
def test_resolutions_that_no_film_scanner_writes_are_not_believed(tmp_path: Path, dpi: int) -> None:
    (refusal,) = read_films(picture(tmp_path / "a.png", GREY, dpi=(dpi, dpi))).refusals

    assert "--pixel-spacing" in refusal.message


def test_a_colour_dicom_picture_is_refused_when_it_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    colours = rng.integers(0, 255, (80, 64, 3)).astype(np.uint8)
    ds = make_film(colours, modality="OT", PhotometricInterpretation="RGB")

    with pytest.raises(UnsupportedImageError, match="coloured"):
        only(save_film(tmp_path / "a.dcm", ds)).load()


def test_a_picture_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    whole = picture(tmp_path / "a.png", GREY).read_bytes()
    (tmp_path / "a.png").write_bytes(whole[:20])

    (refusal,) = read_films(tmp_path, stated_spacing_mm=0.2).refusals

    assert refusal.code == "pixels"
