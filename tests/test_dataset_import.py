from __future__ import annotations

import csv
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.io.datasets.scans import GRID, make_hu, make_labels, write_dicom
from tests.io.datasets.test_paired import save_nifti
from tests.io.make_ct import write_series
from vascal.dataset import SplitPlan, WeakScores, make_pseudonym
from vascal.dataset_import import NO_PATIENT, ImportOptions, import_cases
from vascal.errors import GeometryError, InputError, OutputError
from vascal.io.dataset_index import read_case_image, read_case_labels, read_dataset
from vascal.io.datasets.paired import label_reader
from vascal.io.datasets.raw_case import RawCase, RawLabels, Unusable
from vascal.study import Series
from vascal.volume import LabelMap, Volume


def options(folder: Path, **fields: object) -> ImportOptions:
    return replace(ImportOptions(source="masks", out=folder / "out"), **fields)  # type: ignore[arg-type]


def raw_case(folder: Path, name: str = "a", seed: int = 0, *, patient: str | None = None) -> RawCase:
    image = save_nifti(folder / f"{name}.nii.gz", make_hu(seed))
    mask = save_nifti(folder / f"{name}_mask.nii.gz", make_labels(3, 7))
    names = {3: "left anterior descending artery", 7: "valve"}
    return RawCase(name=name, image=image, read_labels=label_reader(mask, names), patient=patient)


def test_a_case_is_named_hashed_labelled_and_written(tmp_path: Path) -> None:
    result = import_cases([raw_case(tmp_path, patient="4711")], options(tmp_path))
    (case,) = result.dataset.cases
    assert (result.imported, result.failures) == (1, ())
    assert case.image == "../a.nii.gz"
    assert dict(case.label_names) == {2: "LAD", 6: "valve"}
    assert case.scores is None
    assert case.is_gated is None
    assert case.notes == ()
    folder = tmp_path / "out"
    (again,) = read_dataset(folder).cases
    _, volume = read_case_image(again, folder)
    label_map = read_case_labels(again, folder, volume.grid)
    assert label_map is not None
    np.testing.assert_array_equal(label_map.labels, make_labels(2, 6))
    assert (folder / "failures.csv").read_text() == "input,code,message\n"


def test_no_number_of_a_patient_is_in_what_is_written(tmp_path: Path) -> None:
    dicom = RawCase(name="b", image=write_dicom(tmp_path / "scan", make_hu(1)))
    import_cases([raw_case(tmp_path, patient="4711"), dicom], options(tmp_path))
    folder = tmp_path / "out"
    text = (folder / "dataset.json").read_text() + (folder / "failures.csv").read_text()
    assert "4711" not in text
    assert "SECRET" not in text
    key = (folder / "pseudonym.key").read_bytes()
    assert stat.S_IMODE((folder / "pseudonym.key").stat().st_mode) == 0o600
    assert {case.patient_id for case in read_dataset(folder).cases} == {
        make_pseudonym("4711", key),
        make_pseudonym("ID-4711", key),
    }


def test_two_scans_of_one_patient_stand_on_one_side_and_an_unnamed_one_is_remarked(tmp_path: Path) -> None:
    write_dicom(tmp_path / "one", make_hu(1))
    write_dicom(tmp_path / "two", make_hu(2), series="1.2.9")
    write_dicom(tmp_path / "three", make_hu(3), series="1.2.8", patient="")
    found = [RawCase(name=name, image=tmp_path / name) for name in ("one", "two", "three")]
    cases = import_cases(found, options(tmp_path, is_public=True)).dataset.cases
    by_name = {case.case_id: case for case in cases}
    assert by_name["one"].patient_id == by_name["two"].patient_id != by_name["three"].patient_id
    assert by_name["one"].split == by_name["two"].split
    assert by_name["three"].notes == (NO_PATIENT,)
    assert by_name["one"].notes == ()


def test_a_public_source_has_the_same_pseudonyms_and_split_everywhere(tmp_path: Path) -> None:
    found = [raw_case(tmp_path, name, seed, patient=name) for seed, name in enumerate("abc")]
    first = import_cases(found, options(tmp_path, is_public=True)).dataset
    second = import_cases(found, options(tmp_path / "other", is_public=True)).dataset
    assert [(case.case_id, case.patient_id, case.split) for case in first.cases] == [
        (case.case_id, case.patient_id, case.split) for case in second.cases
    ]
    assert not (tmp_path / "out" / "pseudonym.key").exists()


def test_a_key_may_be_given_and_must_be_long_enough(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef")
    (case,) = import_cases([raw_case(tmp_path, patient="1")], options(tmp_path, key_file=key)).dataset.cases
    assert case.patient_id == make_pseudonym("1", b"0123456789abcdef")
    key.write_text("short")
    with pytest.raises(InputError, match="holds 5 bytes"):
        import_cases([], options(tmp_path / "b", key_file=key))
    with pytest.raises(InputError, match="can not be read"):
        import_cases([], options(tmp_path / "b", key_file=tmp_path / "absent"))


def test_what_can_not_be_read_is_listed_and_the_rest_imported(tmp_path: Path) -> None:
    good = raw_case(tmp_path, "good", 1)
    moved = np.zeros((4, 4, 4), dtype=np.uint8)
    misfit = replace(
        raw_case(tmp_path, "misfit", 2), read_labels=label_reader(save_nifti(tmp_path / "m.nii", moved), {1: "LAD"})
    )
    found: list[RawCase | Unusable] = [
        Unusable(name="row 3", code="table", message="no number"),
        replace(raw_case(tmp_path, "gone"), image=tmp_path / "gone"),
        misfit,
        good,
        replace(good, image=misfit.image),
    ]
    seen: list[None] = []
    result = import_cases(found, options(tmp_path), report=lambda: seen.append(None))
    assert len(seen) == 5
    assert result.imported == 1
    with (tmp_path / "out" / "failures.csv").open() as file:
        rows = {row["input"]: (row["code"], row["message"]) for row in csv.DictReader(file)}
    assert rows["row 3"] == ("table", "no number")
    assert rows["gone"][0] == "input"
    assert rows["misfit"][0] == "grid-mismatch"
    assert rows["good"] == ("input", "another case has this name; needed: one each")
    assert len(list((tmp_path / "out" / "labels").iterdir())) == 1


def test_nothing_imported_writes_no_index(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the first of 1: no number"):
        import_cases([Unusable(name="a", code="table", message="no number")], options(tmp_path))
    with pytest.raises(InputError, match=r"no case could be imported$"):
        import_cases([], options(tmp_path))
    assert not (tmp_path / "out" / "dataset.json").exists()


def test_adding_keeps_patients_where_they_stand_and_replaces_a_case_read_anew(tmp_path: Path) -> None:
    first = [raw_case(tmp_path, name, seed, patient=name) for seed, name in enumerate("abcd")]
    before = import_cases(first, options(tmp_path)).dataset
    with pytest.raises(InputError, match="--add"):
        import_cases(first, options(tmp_path))
    later = [raw_case(tmp_path, "e", 7, patient="a"), replace(first[1], scores=WeakScores(total=1))]
    after = import_cases(later, options(tmp_path, is_adding=True))
    assert after.imported == 2
    assert len(after.dataset.cases) == 5
    sides = {case.patient_id: case.split for case in before.cases}
    assert {case.patient_id: case.split for case in after.dataset.cases} == sides
    assert sum(case.scores is not None for case in after.dataset.cases) == 1
    with pytest.raises(InputError, match="the same seed"):
        import_cases(later, options(tmp_path, is_adding=True, plan=SplitPlan(seed=1)))
    nothing = import_cases([], options(tmp_path, is_adding=True))
    assert len(nothing.dataset.cases) == 5


def test_strata_follow_from_scores_or_from_the_labels(tmp_path: Path) -> None:
    plan = SplitPlan(shares=(0.5, 0.0, 0.5), is_stratified=True)
    scored = [
        replace(raw_case(tmp_path, f"s{n}", n, patient=f"s{n}"), scores=WeakScores(total=500), read_labels=None)
        for n in range(4)
    ]
    drawn = [raw_case(tmp_path, f"d{n}", n + 4, patient=f"d{n}") for n in range(4)]
    bare = [replace(raw_case(tmp_path, f"b{n}", n + 8, patient=f"b{n}"), read_labels=None) for n in range(2)]
    dataset = import_cases([*scored, *drawn, *bare], options(tmp_path, plan=plan, is_public=True)).dataset
    for letter, count in (("s", 2), ("d", 2), ("b", 1)):
        assert sum(case.case_id[0] == letter for case in dataset.of_split("train")) == count


def test_notes_of_scan_and_labels_go_with_the_case(tmp_path: Path) -> None:
    image = save_nifti(tmp_path / "a.nii.gz", np.abs(make_hu()))

    def read(series: Series, volume: Volume) -> RawLabels:
        empty = np.zeros(volume.grid.shape, dtype=np.uint8)
        return RawLabels(label_map=LabelMap(labels=empty, grid=volume.grid, names={1: "LM"}), notes=("drawn",))

    raw = RawCase(name="a", image=image, read_labels=read, patient="p", is_gated=True, notes=("first",))
    (case,) = import_cases([raw], options(tmp_path)).dataset.cases
    assert case.notes == ("first", "no voxel is below 0 HU: is this a CT in HU?", "drawn")
    assert case.is_gated


def test_gating_of_a_dicom_header_is_kept(tmp_path: Path) -> None:
    write_series(tmp_path / "ct", CardiacSynchronizationTechnique="PROSPECTIVE")
    (case,) = import_cases([RawCase(name="a", image=tmp_path / "ct")], options(tmp_path)).dataset.cases
    assert case.is_gated


def test_an_output_that_can_not_be_written_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="pseudonym"):
        import_cases([raw_case(tmp_path)], options(tmp_path))
    with pytest.raises(OutputError):
        import_cases([raw_case(tmp_path)], options(tmp_path, is_public=True))


def test_an_interrupted_import_leaves_the_old_index(tmp_path: Path) -> None:
    import_cases([raw_case(tmp_path, "a", 1)], options(tmp_path))
    before = (tmp_path / "out" / "dataset.json").read_bytes()

    def cases() -> Iterator[RawCase]:
        yield raw_case(tmp_path, "b", 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_cases(cases(), options(tmp_path, is_adding=True))
    assert (tmp_path / "out" / "dataset.json").read_bytes() == before


def test_a_header_without_a_readable_number_names_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError

    write_dicom(tmp_path / "ct")
    monkeypatch.setattr("vascal.dataset_import.dcmread", refuse)
    (case,) = import_cases([RawCase(name="a", image=tmp_path / "ct")], options(tmp_path)).dataset.cases
    assert case.notes == (NO_PATIENT,)


def test_labels_on_uneven_slices_can_not_be_kept_and_are_told(tmp_path: Path) -> None:
    def read(series: Series, volume: Volume) -> RawLabels:
        raise GeometryError("uneven")

    bad = RawCase(name="a", image=save_nifti(tmp_path / "a.nii.gz", make_hu()), read_labels=read)
    result = import_cases([bad, raw_case(tmp_path, "b")], options(tmp_path))
    assert result.failures == (Unusable(name="a", code="geometry", message="uneven"),)
    assert GRID.is_even
