"""A scan goes out whole or not at all, and a run leaves a whole folder or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.io.deid.make_named import rules, to_bytes
from tests.io.deid.written import noisy, write
from tests.io.make_ct import make_slice
from vascal.errors import OutputError
from vascal.io.atomic import write_file
from vascal.io.deid.folder import Deidentified, deidentify_folder
from vascal.io.deid.pixels import PixelPolicy, PixelsSeen, reasons_against

FEW, MANY = 2, 5
SLICES = 10
Change = Callable[[int, Dataset], object]


def scan(folder: Path, *, lettered: int = 0, change: Change = lambda index, ds: None, **attributes: Any) -> Path:
    folder.mkdir()
    for index in range(SLICES):
        pixels = noisy(160, 200, seed=index)
        pixels = write(pixels) if index < lettered else pixels
        ds = make_slice(index, (0, 0, 3.0 * index), pixels=pixels, **attributes)
        change(index, ds)
        (folder / f"{index}.dcm").write_bytes(to_bytes(ds))
    return folder


def run(source: Path, *, pixels: PixelPolicy = "refuse") -> tuple[Deidentified, Path]:
    out = source.parent / "out"
    return deidentify_folder(source, out, rules(pixels=pixels), version="0.0"), out


def reasons(done: Deidentified) -> set[str]:
    return {one.reason for one in done.report.left_out}


@pytest.mark.parametrize("policy", ["refuse", "mask"])
def test_letters_in_few_slices_of_an_original_scan_leave_no_hole_and_are_to_be_looked_at(
    tmp_path: Path, policy: PixelPolicy
) -> None:
    done, out = run(scan(tmp_path / "in", lettered=FEW), pixels=policy)
    assert (done.report.written, len(done.report.left_out), len(done.report.look_at)) == (SLICES, 0, FEW)
    said = json.loads((out / "deidentification.json").read_text())["look_at"]
    assert [one for one in said if (out / one).is_file()] == said
    assert said[0] in (out / "deidentification.txt").read_text()


def test_letters_in_many_slices_hold_the_whole_scan(tmp_path: Path) -> None:
    done, out = run(scan(tmp_path / "in", lettered=MANY))
    assert done.report.written == 0
    assert reasons(done) == {"its series may show text in its pixels: drawn letters were found in 5 of 10 slices"}
    assert not list(out.rglob("*.dcm"))


@pytest.mark.parametrize("change", [
    lambda index, ds: setattr(ds, "BurnedInAnnotation", "YES" if index == 3 else "NO"),
    lambda index, ds: setattr(ds, "ImageType", ["DERIVED", "SECONDARY", "SCREEN SAVE"] if index == 3 else ["ORIGINAL"]),
])  # fmt: skip
def test_one_slice_that_says_it_shows_text_holds_the_whole_scan(tmp_path: Path, change: Change) -> None:
    done, _ = run(scan(tmp_path / "in", change=change))
    assert (done.report.written, len(done.report.left_out)) == (0, SLICES)


def test_letters_in_few_slices_that_are_no_originals_hold_the_whole_scan(tmp_path: Path) -> None:
    done, _ = run(scan(tmp_path / "in", lettered=1, ImageType=["DERIVED", "SECONDARY", "AXIAL"]))
    assert done.report.written == 0


def test_a_damaged_slice_holds_its_scan_and_no_other(tmp_path: Path) -> None:
    source = scan(tmp_path / "in")
    path = source / "4.dcm"
    path.write_bytes(path.read_bytes()[:-500])
    other = make_slice(40, (0, 0, 0), SeriesInstanceUID="1.2.3.99")
    (source / "other.dcm").write_bytes(to_bytes(other))
    done, _ = run(source, pixels="reviewed")
    assert (done.report.written, len(done.report.left_out)) == (1, SLICES)
    assert [one.number for one in done.report.left_out if "damaged" in one.reason] == [5]
    assert sum("whole or not at all" in one.reason for one in done.report.left_out) == SLICES - 1
    assert {row[0] for row in done.mapping} == {path.name for path in source.iterdir()}


def test_a_quarter_of_the_slices_is_few_and_more_is_not() -> None:
    clear, seen = PixelsSeen(is_slice=True), PixelsSeen(is_slice=True, reasons=("x",), lettered=1)
    assert reasons_against([seen] + 3 * [clear]) == ()
    assert reasons_against([seen] + 2 * [clear]) == ("drawn letters were found in 1 of 3 slices",)
    assert reasons_against([PixelsSeen(reasons=("a", "b")), PixelsSeen(reasons=("b",))]) == ("a", "b")
    assert reasons_against([]) == ()


def test_patients_of_two_issuers_with_one_number_do_not_become_one(tmp_path: Path) -> None:
    house = iter(["A", "A", "B"])
    source = scan(tmp_path / "in", change=lambda index, ds: setattr(ds, "IssuerOfPatientID", next(house, "")))
    done, _ = run(source, pixels="reviewed")
    assert done.report.written == 0
    assert all("several issuers" in reason for reason in reasons(done))


def test_an_output_among_the_originals_is_refused(tmp_path: Path) -> None:
    source = scan(tmp_path / "in")
    with pytest.raises(OutputError, match="lies in that of the originals"):
        deidentify_folder(source, source / "out", rules(), version="0.0")
    assert not (source / "out").exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_run_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    source, out = scan(tmp_path / "in"), tmp_path / "out"
    if is_there:
        out.mkdir()
    calls = iter(range(3))

    def full_disk(path: Path, content: bytes) -> None:
        if next(calls, None) is None:
            raise OutputError("can not write x: No space left on device")
        write_file(path, content)

    monkeypatch.setattr("vascal.io.deid.folder.write_file", full_disk)
    with pytest.raises(OutputError, match="No space"):
        deidentify_folder(source, out, rules(pixels="reviewed"), version="0.0")
    assert out.exists() == is_there
    assert not is_there or not list(out.iterdir())


def test_two_runs_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    source, out = scan(tmp_path / "in"), tmp_path / "out"
    with pytest.raises(OutputError, match="meanwhile"):
        deidentify_folder(
            source, out, rules(), version="0.0", progress=lambda done, number, of: (out / "other").mkdir(exist_ok=True)
        )
    assert [path.name for path in out.iterdir()] == ["other"]


def test_a_masked_scan_keeps_all_its_slices(tmp_path: Path) -> None:
    done, out = run(scan(tmp_path / "in", lettered=MANY), pixels="mask")
    assert done.report.written == SLICES
    assert len(list(out.rglob("*.dcm"))) == SLICES
    assert np.sum(list(done.report.notes.values())) >= MANY
