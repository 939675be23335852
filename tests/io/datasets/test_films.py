"""Tables of films: plain and NHANES names, every mistake named by its line, images and label maps."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from vascal.errors import GridMismatchError, InputError, LabelError, TableError
from vascal.io.datasets.films import (
    NHANES_WALLS,
    PLAIN_WALLS,
    FilmRow,
    read_film_image,
    read_film_labels,
    read_film_table,
)
from vascal.radiograph import Radiograph


def write(folder: Path, *lines: str) -> Path:
    path = folder / "films.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_table_of_totals(tmp_path: Path) -> None:
    table = read_film_table(
        write(
            tmp_path,
            "Image,patient,AAC24,spacing_mm,facing,split,vertebrae,walls",
            "a.dcm,P1,7,0.14,Right,test,a_v.png,a_w.png",
            "b/c.png,,0,,,,,",
        )
    )
    first, second = table.rows
    assert first == FilmRow(
        line=2, image=tmp_path / "a.dcm", patient="P1", total=7.0, grades=(None,) * 8,
        vertebrae=tmp_path / "a_v.png", walls=tmp_path / "a_w.png", spacing_mm=0.14, facing="right", split="test",
    )  # fmt: skip
    assert (second.patient, second.total, second.spacing_mm, second.facing) == ("b/c.png", 0.0, None, None)
    assert table.skipped == {}


def test_a_table_of_walls_adds_up(tmp_path: Path) -> None:
    (row,) = read_film_table(write(tmp_path, f"image,{','.join(PLAIN_WALLS)}", "a.png,0,1,2,3,3,2,1,0")).rows
    assert row.grades == (0, 1, 2, 3, 3, 2, 1, 0)
    assert row.total == 12


def test_nhanes_names_are_known_with_an_for_anterior(tmp_path: Path) -> None:
    assert NHANES_WALLS[:4] == ("dxxal1an", "dxxal1", "dxxal2an", "dxxal2")
    (row, other) = read_film_table(
        write(
            tmp_path,
            "SEQN,image,DXDAACST,DXXAACTV,DXXAL1,DXXAL1AN,DXXAL2,DXXAL2AN,DXXAL3,DXXAL3AN,DXXAL4,DXXAL4AN,DXXAAC24",
            "73557,a.png,1,0,3,1.0,5.397605346934028e-79,0,0,0,2,0,6",
            "73558,b.png,1,0,0,0,0,0,0,0,0,0,0",
            "73559,c.png,4,,,,,,,,,,",
            "73560,d.png,2,1,0,0,.,.,0,0,0,0,",
        )
    ).rows
    assert row.patient == "73557"
    # Written to the table's order: anterior before posterior.
    assert row.grades == (1, 3, 0, 0, 0, 0, 0, 2)
    assert (row.total, other.total) == (6, 0)


def test_rows_without_a_score_are_counted_and_no_mistake(tmp_path: Path) -> None:
    path = write(
        tmp_path, f"image,dxdaacst,total,{PLAIN_WALLS[0]}", "a.png,3,,", "b.png,2,,1", "c.png,,.,", "d.png,1,4,1"
    )
    table = read_film_table(path)
    assert [row.line for row in table.rows] == [5]
    assert table.skipped == {"not scanned": 1, "without a total and without all eight walls": 2}
    assert [row.line for row in read_film_table(path, needs_score=False).rows] == [3, 4, 5]


def test_a_table_for_maps_alone_needs_no_score(tmp_path: Path) -> None:
    path = write(tmp_path, "image,vertebrae", "a.png,a_v.png")
    assert read_film_table(path, needs_score=False).rows[0].total is None
    with pytest.raises(TableError, match="has the columns image, vertebrae; needed: image, and aac24 or l1_anterior"):
        read_film_table(path)


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("image,total", ",3", "line 2: no image is named"),
        ("image,total", "a.png,25", "line 2: the total is '25'; needed: a number from 0 to 24"),
        ("image,total", "a.png,-1", "needed: a number from 0 to 24"),
        ("image,total", "a.png,many", "the total is 'many'"),
        ("image,total", "a.png,nan", "the total is 'nan'"),
        ("image,total,spacing_mm", "a.png,3,0", "spacing_mm is 0"),
        ("image,total,facing", "a.png,3,up", "facing is 'up'; needed: left, right or nothing"),
        ("image,total,split", "a.png,3,all", "split is 'all'; needed: train, validation, test or nothing"),
        ("image,total,l1_anterior", "a.png,3,4", "l1_anterior is '4'; needed: a number from 0 to 3"),
        ("image,total,l1_anterior", "a.png,3,1.5", "l1_anterior is '1.5'; needed: 0, 1, 2 or 3"),
        ("image,total,l1_anterior", "a.png,2,3", "the total is 2, but the walls that are given add up to 3"),
        (
            f"image,total,{','.join(PLAIN_WALLS)}",
            "a.png,9" + ",1" * 8,
            "the total is 9, but the eight walls add up to 8",
        ),
    ],
)
def test_a_row_that_is_wrong_is_named_by_its_line(tmp_path: Path, header: str, row: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_film_table(write(tmp_path, header, row))


def test_many_mistakes_are_told_at_once_but_not_all(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"line 2: .*line 9: .* and 3 more$"):
        read_film_table(write(tmp_path, "image,total", *["a.png,99"] * 11))


def test_two_columns_that_mean_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="has aac24 and total, which mean the same"):
        read_film_table(write(tmp_path, "image,aac24,total", "a.png,1,1"))


@dataclass
class FakeFilm:
    film: Radiograph

    def load(self) -> Radiograph:
        return self.film


@dataclass
class FakeFound:
    films: tuple[FakeFilm, ...]


@pytest.fixture
def fake_reading(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Stands for the reading of films; gives as many as the name says."""
    asked: list[object] = []
    module = ModuleType("vascal.io.film_reading")

    def read_films(path: Path, *, stated_spacing_mm: object = None) -> FakeFound:
        asked.append(stated_spacing_mm)
        film = Radiograph(pixels=np.zeros((4, 4), dtype=np.float32), spacing_mm=(1.0, 1.0))
        return FakeFound(films=(FakeFilm(film),) * int(path.stem))

    module.read_films = read_films  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vascal.io.film_reading", module)
    return asked


def row(image: str, **more: object) -> FilmRow:
    return FilmRow(line=7, image=Path(image), patient="p", total=1.0, grades=(None,) * 8, **more)  # type: ignore[arg-type]


def test_the_one_film_of_a_row_is_read_with_the_spacing_that_is_stated(fake_reading: list[object]) -> None:
    assert read_film_image(row("1.png", spacing_mm=0.2)).pixels.shape == (4, 4)
    read_film_image(row("1.png"))
    assert fake_reading == [0.2, None]


def test_none_or_two_films_at_a_place_are_refused_by_line(fake_reading: list[object]) -> None:
    with pytest.raises(InputError, match="2 films are where the image of line 7 should be"):
        read_film_image(row("2.png"))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_label_maps_are_read_from_grey_and_from_palettes(tmp_path: Path, suffix: str) -> None:
    labels = np.array([[0, 1, 7], [2, 2, 0]], dtype=np.uint8)
    for mode in ("L", "P"):
        image = Image.fromarray(labels)
        if mode == "P":
            image = Image.frombytes("P", (3, 2), labels.tobytes())
            image.putpalette([0, 0, 0] * 256)
        path = tmp_path / f"{mode}.{suffix}"
        image.save(path)
        assert np.array_equal(read_film_labels(path, (2, 3), 7), labels)


def test_label_maps_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.full((2, 3), 9, dtype=np.uint8)).save(path)
    with pytest.raises(GridMismatchError, match=r"\(2, 3\) pixels and its film \(3, 3\)"):
        read_film_labels(path, (3, 3), 7)
    with pytest.raises(LabelError, match="from 9 to 9; needed: 0 to 7"):
        read_film_labels(path, (2, 3), 7)
    Image.fromarray(np.zeros((2, 3, 3), dtype=np.uint8)).save(path)
    with pytest.raises(LabelError, match="stored as RGB"):
        read_film_labels(path, (2, 3), 7)
    path.write_bytes(b"no image")
    with pytest.raises(InputError, match="can not be read as PNG or TIFF"):
        read_film_labels(path, (2, 3), 7)
    with pytest.raises(InputError, match="can not be read"):
        read_film_labels(tmp_path / "nowhere.png", (2, 3), 7)
