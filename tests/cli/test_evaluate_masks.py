"""`vascal evaluate` of two folders of label maps, as a user runs it."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.io.test_nifti import save
from vascal.cli.main import app


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    root = tmp_path_factory.mktemp("masks")
    rng = np.random.default_rng(1)
    for side in ("ours", "theirs"):
        (root / side).mkdir()
    for study in range(6):
        labels = (rng.random((8, 7, 6)) < 0.05).astype(np.uint8)
        save(root / "theirs" / f"s{study}.nii.gz", labels)
        save(root / "ours" / f"s{study}.nii.gz", np.roll(labels, study % 2, axis=0) * (study != 4))
    return str(root / "ours"), str(root / "theirs")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["evaluate", *arguments], env={"COLUMNS": "400", "NO_COLOR": "1"})
    return result.exit_code, result.output


def test_two_folders_make_a_report_and_a_table_of_studies(folders: tuple[str, str], tmp_path: Path) -> None:
    code, said = run(*folders, "--out", str(tmp_path), "--resamples", "100", "--tolerance", "1", "--seed", "3")
    assert code == 0, said
    assert "Masks of label 1 share a mean Dice of" in said
    assert "lesions" in said
    page = (tmp_path / "report.html").read_text()
    assert "Empty on one side only" in page
    assert "Surface Dice at 1 mm" in page
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert len((tmp_path / "per_study.csv").read_text().splitlines()) == 7
    for name in ("overlap", "surfaces", "volumes", "lesions", "lesion_volume"):
        assert (tmp_path / "tables" / f"{name}.tex").exists()
    assert (tmp_path / "figures" / "dice.svg").exists()
    assert (tmp_path / "figures" / "volume-1.pdf").exists()


def test_patients_and_no_lesions_are_options_of_folders_alone(folders: tuple[str, str], tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("study,patient\n" + "".join(f"s{study},P{study // 2}\n" for study in range(6)))
    out = tmp_path / "out"
    code, said = run(*folders, "--out", str(out), "--resamples", "100", "--no-lesions", "--patients", str(table))
    assert code == 0, said
    assert not (out / "tables" / "lesions.md").exists()
    for option in (("--patients", str(table)), ("--no-lesions",)):
        code, said = run(str(table), str(table), "--out", str(out), *option)
        assert code == 2
        assert "are for folders of label maps" in said


def test_one_folder_and_options_of_tables_are_refused(folders: tuple[str, str], tmp_path: Path) -> None:
    table = tmp_path / "scores.csv"
    table.write_text("study,agatston\na,1\n")
    for pair in ((folders[0], str(table)), (str(table), folders[0])):
        code, said = run(*pair, "--out", str(tmp_path))
        assert code == 2
        assert f"{folders[0]} is a folder and {table} is a file; needed: two folders" in said
    code, said = run(folders[0], str(tmp_path / "absent"), "--out", str(tmp_path))
    assert code == 2
    assert "is not there" in said
    useless = ["--kind", "cac", "--site", "x", "--categories", "0,10", "--predicted-column", "y", "--plan", "plan.toml"]
    code, said = run(*folders, "--out", str(tmp_path), *useless)
    assert code == 2
    assert "of no use for folders of label maps: --plan, --kind, --predicted-column, --site, --categories" in said
