"""`vascal fuse` as a user runs it: simulate, fit, read the card, apply."""

import csv
import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

import vascal.fusion_study
from vascal.cli.fuse import fuse

RECIPE = """
patient = "patient"
subgroups = ["sex"]
[imaging]
agatston = { kind = "score", unit = "Agatston units" }
density = { kind = "number", unit = "points", blank = "not-applicable" }
[clinical]
age_years = { kind = "number", unit = "years" }
sex = { kind = "category" }
ldl_mg_dl = { kind = "number", unit = "mg/dL" }
[outcomes]
mi = { time = "mi_years", horizon_years = 8 }
obstructive = {}
[validation]
outer = 2
inner = 2
"""


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(fuse, [str(one) for one in arguments], env={"COLUMNS": "400", "NO_COLOR": "1"})
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuse")
    code, said = run("simulate", "--out", path / "cohort.csv", "--patients", 800)
    assert code == 0, said
    assert "800 simulated patients" in said
    (path / "recipe.toml").write_text(RECIPE)
    code, said = run("fit", path / "cohort.csv", "--config", path / "recipe.toml", "--out", path / "fused")
    assert code == 0, said
    assert "mi: " in said
    assert "imaging changes it by +" in said
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_fitting_writes_model_card_numbers_and_figures(folder: Path) -> None:
    names = {path.name for path in (folder / "fused").iterdir()}
    figures = {f"{kind}-{name}.svg" for kind in ("calibration", "ratios") for name in ("mi", "obstructive")}
    assert names == {"model.json", "card.md", "metrics.json", "importances.csv", "ratios.csv"} | figures
    assert "SIMULATED" in (folder / "fused" / "card.md").read_text()
    metrics = json.loads((folder / "fused" / "metrics.json").read_text())
    mi = metrics["outcomes"]["mi"]
    assert 0.5 < mi["held_out"]["concordance"]["value"] < 1
    assert mi["optimism"] == pytest.approx(mi["apparent_concordance"]["value"] - mi["held_out"]["concordance"]["value"])
    assert metrics["is_simulated"]
    assert list(mi["subgroups"]) == ["sex: F", "sex: M"]
    assert metrics["outcomes"]["obstructive"]["gain_of_imaging"]["low"] > 0
    assert len(read(folder / "fused" / "importances.csv")) == 10
    assert {row["column"] for row in read(folder / "fused" / "ratios.csv")} >= {"agatston", "sex: M"}
    assert b"SIMULATED: mi by 8 years" in (folder / "fused" / "calibration-mi.svg").read_bytes()


def test_applying_gives_risks_caveats_and_explanations(folder: Path) -> None:
    code, said = run(
        "apply", folder / "fused", folder / "cohort.csv", "--out", folder / "p.csv", "--explain", folder / "e.csv"
    )
    assert code == 0, said
    assert "SIMULATED" in said
    rows, parts = read(folder / "p.csv"), read(folder / "e.csv")
    assert len(rows) == 800
    assert all(0 < float(row["mi_risk"]) < 1 for row in rows)
    assert {row["simulated_model"] for row in rows} == {"yes"}
    assert {row["caveats"] for row in rows} == {"", "ldl_mg_dl is not known"}
    assert len(parts) == 800 * 2 * 5
    first = [row for row in parts if row["patient"] == "SIM000000" and row["outcome"] == "mi"]
    assert [row["feature"] for row in first] == ["agatston", "density", "age_years", "sex", "ldl_mg_dl"]
    assert all(math.isfinite(float(row["contribution"])) for row in first)


def test_one_new_patient_with_odd_values_is_foretold_with_caveats(folder: Path) -> None:
    path = folder / "new.csv"
    path.write_text("patient;agatston;density;age_years;sex;ldl_mg_dl\nX;0;;95;other;\n")
    code, said = run("apply", folder / "fused", path, "--out", folder / "new-p.csv")
    assert code == 0, said
    (row,) = read(folder / "new-p.csv")
    assert "age_years 95 lies outside" in row["caveats"]
    assert "sex other was not among the training rows" in row["caveats"]
    assert 0 < float(row["mi_risk"]) < 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("patient,agatston,density,age_years,sex,ldl_mmol_l\nX,0,,60,F,3.1\n", "is it ldl_mmol_l"),
        ("patient,agatston,density,age_years,sex,ldl_mg_dl\nX,0,,60,F,3.1\n", "is it in another unit"),
    ],
)
def test_tables_of_another_kind_are_refused(folder: Path, text: str, what: str) -> None:
    path = folder / "other.csv"
    path.write_text(text)
    code, said = run("apply", folder / "fused", path, "--out", folder / "none.csv")
    assert code == 2
    assert what in said
    assert not (folder / "none.csv").exists()


def test_errors_are_told_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    code, said = run("fit", folder / "cohort.csv", "--config", folder / "recipe.toml", "--out", tmp_path)
    assert code == 2
    assert "holds other files" in said
    assert (tmp_path / "precious.txt").exists()
    code, said = run(
        "fit", folder / "cohort.csv", "--config", folder / "recipe.toml", "--out", tmp_path / "precious.txt"
    )
    assert code == 2
    assert "is a file" in said
    code, said = run("simulate", "--out", tmp_path / "precious.txt" / "c.csv")
    assert code == 2
    assert "can not write" in said


def test_what_is_not_installed_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vascal.fusion_study, "find_spec", lambda name: None)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('learner = "boosted"\n' + RECIPE)
    code, said = run("fit", folder / "cohort.csv", "--config", recipe, "--out", tmp_path / "out")
    assert code == 2
    assert "matplotlib, statsmodels, xgboost" in said
    assert "pip install 'vascal[fusion]'" in said


def test_real_patients_are_not_called_simulated_and_are_fitted_to_the_last_byte_again(
    folder: Path, tmp_path: Path
) -> None:
    rows = read(folder / "cohort.csv")
    with (tmp_path / "real.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [name for name in rows[0] if name != "simulated"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    recipe = RECIPE.replace("mi = { time", "death = { time").replace("mi_years", "death_years")
    clinical = recipe[recipe.index("[clinical]") :].replace("obstructive = {}\n", "")
    twins = clinical.replace("[clinical]", '[clinical]\nagatston = { kind = "score" }\nvolume_mm3 = { kind = "score" }')
    (tmp_path / "recipe.toml").write_text(twins)
    code, said = run("fit", tmp_path / "real.csv", "--config", tmp_path / "recipe.toml", "--out", tmp_path / "fused")
    assert code == 0, said
    assert "imaging changes it" not in said
    assert "SIMULATED" not in (tmp_path / "fused" / "card.md").read_text()
    before = {path.name: path.read_bytes() for path in (tmp_path / "fused").iterdir()}
    code, said = run("fit", tmp_path / "real.csv", "--config", tmp_path / "recipe.toml", "--out", tmp_path / "fused")
    assert code == 0, said
    assert {path.name: path.read_bytes() for path in (tmp_path / "fused").iterdir()} == before
    code, said = run("apply", tmp_path / "fused", tmp_path / "real.csv", "--out", tmp_path / "p.csv")
    assert code == 0
    assert "SIMULATED" not in said
    assert "simulated_model" not in read(tmp_path / "p.csv")[0]
