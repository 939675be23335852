"""Simulated films on disk: valid DICOM, plainly marked, the same every time, with truth beside them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydicom
import pytest
from PIL import Image

from tests.io.make_film import MadeFilm, ramp
from vascal.errors import OutputError, PixelError
from vascal.io.film_reading import read_films
from vascal.io.film_writer import film_dataset, write_film
from vascal.io.simulated_films import COLUMNS, film_row, write_film_table

Modality = Literal["DX", "CR", "OT"]
EIGHT = {"stored": ramp(top=255), "bits_stored": 8, "window": None}


@pytest.mark.parametrize("modality", ["DX", "CR", "OT"])
def test_a_written_film_says_that_it_is_simulated(tmp_path: Path, modality: Modality) -> None:
    path, *_ = write_film(MadeFilm(modality=modality), tmp_path / "a.dcm")

    one = pydicom.dcmread(path)

    assert str(one.PatientName) == "SIM^SIM00007"
    assert "SIMULATED" in one.ImageType
    assert one.ImageType[0] == "DERIVED"
    assert one.Manufacturer == "vascal simulator"
    assert one.SeriesDescription.startswith("SIMULATED")
    assert (one.Modality, one.BurnedInAnnotation, one.PatientAge) == (modality, "NO", "066Y")
    assert np.array_equal(one.pixel_array, ramp())


@pytest.mark.parametrize("modality", ["DX", "CR", "OT"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("more", [{}, EIGHT])
def test_a_written_film_is_valid_dicom(tmp_path: Path, modality: Modality, photometric: Any, more: Any) -> None:
    checker = shutil.which("dciodvfy")
    if checker is None:
        if os.environ.get("VASCAL_REQUIRE_TOOLS"):
            pytest.fail("dciodvfy of dicom3tools is needed here and is not installed")
        pytest.skip("dciodvfy (Debian: dicom3tools) is not installed")
    path, *_ = write_film(MadeFilm(modality=modality, photometric=photometric, **more), tmp_path / "a.dcm")

    said = subprocess.run([checker, str(path)], capture_output=True, text=True, check=False)

    assert not [line for line in (said.stdout + said.stderr).splitlines() if line.startswith(("Error", "Warning"))]


@pytest.mark.parametrize(("facing", "orientation", "view"), [("left", ["P", "F"], "RL"), ("right", ["A", "F"], "LL")])
def test_a_film_says_which_way_the_patient_looks(facing: Any, orientation: list[str], view: str) -> None:
    one = film_dataset(MadeFilm(facing=facing))

    assert list(one.PatientOrientation) == orientation
    assert one.ViewPosition == view
    assert one.KVP == 81.5
    assert list(one.ImagerPixelSpacing) == [0.3, 0.3]


def test_an_odd_film_of_eight_bits_is_padded_to_even_length(tmp_path: Path) -> None:
    stored = ramp(81, 65, top=255)

    path, *_ = write_film(
        MadeFilm(modality="OT", stored=stored, bits_stored=8, window=None, masks={}), tmp_path / "a.dcm"
    )

    assert len(pydicom.dcmread(path).PixelData) == 81 * 65 + 1
    assert np.allclose(read_films(path).films[0].load().pixels, stored / 255, atol=4e-3)


def test_truth_and_label_maps_lie_beside_the_film(tmp_path: Path) -> None:
    film = MadeFilm()

    paths = write_film(film, tmp_path / "a.dcm")

    assert [path.name for path in paths] == ["a.dcm", "a.truth.json", "a.vertebrae.png", "a.walls.png"]
    truth = json.loads(paths[1].read_text())
    assert truth["notice"].startswith("SIMULATED")
    assert (truth["aac24"], truth["levels"]["L2"]["posterior"]["grade"]) == (12, 2)
    assert truth["sop_instance_uid"] == pydicom.dcmread(paths[0]).SOPInstanceUID
    with Image.open(paths[2]) as picture:
        assert np.array_equal(np.asarray(picture), film.masks["vertebrae"])


def test_the_same_film_makes_the_same_bytes_and_others_have_other_identifiers(tmp_path: Path) -> None:
    first, again = (write_film(MadeFilm(), tmp_path / name)[0].read_bytes() for name in ("a.dcm", "b.dcm"))
    assert first == again

    uids = {
        film_dataset(film).StudyInstanceUID
        for film in (MadeFilm(), MadeFilm(seed=8), MadeFilm(is_shifted=True), MadeFilm(style="dxa"))
    }
    assert len(uids) == 4


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PixelError, match="does not fit 10 bits"):
        film_dataset(MadeFilm(bits_stored=10))
    with pytest.raises(PixelError, match="7 bits stored"):
        film_dataset(MadeFilm(bits_stored=7))


def test_a_place_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_film(MadeFilm(), tmp_path / "file" / "a.dcm")


def test_the_table_lists_films_in_order_with_grades(tmp_path: Path) -> None:
    rows = [film_row(film, write_film(film, tmp_path / f"f{film.seed}.dcm")) for film in (MadeFilm(), MadeFilm(seed=3))]

    write_film_table(rows, tmp_path / "films.csv")

    head, first, second = (line.split(",") for line in (tmp_path / "films.csv").read_text().splitlines())
    assert tuple(head) == COLUMNS
    assert (first[0], second[0]) == ("f3.dcm", "f7.dcm")
    found = dict(zip(head, second, strict=True))
    assert (found["aac24"], found["visible_aac24"], found["l3_anterior"], found["visible_l3_posterior"]) == (
        "12", "5", "2", "2",
    )  # fmt: skip
    assert (found["vertebrae"], found["walls"], found["facing"], found["patient"]) == (
        "f7.vertebrae.png", "f7.walls.png", "left", "SIM00007",
    )  # fmt: skip
