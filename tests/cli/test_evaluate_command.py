"""`vascal evaluate` as a user runs it."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.evaluate.cohorts import simulate_cac_cohort
from vascal.cli.main import app

FEW = ["--resamples", "100", "--interval", "percentile"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    tmp_path = tmp_path_factory.mktemp("scores")
    cohort = simulate_cac_cohort(studies=60)
    for name, scores in (("predicted", cohort.predicted), ("reference", cohort.reference)):
        rows = "".join(f"s{place},{score}\n" for place, score in enumerate(scores))
        (tmp_path / f"{name}.csv").write_text("study,agatston\n" + rows)
    return str(tmp_path / "predicted.csv"), str(tmp_path / "reference.csv")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["evaluate", *arguments], env={"COLUMNS": "400", "NO_COLOR": "1"})
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def out(files: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation") / "out"
    code, said = run(*files, "--out", str(folder), *FEW)
    assert code == 0, said
    assert str(folder / "report.html") in said
    return folder


def test_one_command_writes_report_tables_figures_numbers_and_checklists(out: Path) -> None:
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    page = (out / "report.html").read_text()
    assert "<script" not in page
    assert page.count("<svg") == 4
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert (out / "tables" / "kappa.tex").read_text().count(r"\toprule") == 1
    with (out / "numbers.csv").open() as file:
        numbers = list(csv.DictReader(file))
    icc = next(row for row in numbers if row["statistic"] == "icc_2_1")
    assert float(icc["low"]) < float(icc["value"]) < float(icc["high"])
    assert "items are answered from the data" in (out / "checklists" / "claim-2024.md").read_text()
    assert "[1]" in (out / "methods.md").read_text()


def test_the_same_command_gives_the_same_numbers_and_figures(files: tuple[str, str], out: Path, tmp_path: Path) -> None:
    assert run(*files, "--out", str(tmp_path), *FEW)[0] == 0
    for name in ("numbers.csv", "methods.md", "plan.toml", "figures/scatter-all.svg", "figures/roc-all.pdf"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_a_plan_is_written_first_and_followed_after(files: tuple[str, str], tmp_path: Path) -> None:
    plan, out = tmp_path / "plan.toml", tmp_path / "out"
    code, said = run(*files, "--out", str(out), "--plan", str(plan), *FEW)
    assert code == 0
    assert "nothing was computed" in said
    assert not out.exists()
    with plan.open("a") as file:
        file.write('\n[[criteria]]\ntable = "icc"\nstatistic = "icc_2_1"\nlimit = "low"\nat_least = 0.5\n')
    code, said = run(*files, "--out", str(out), "--plan", str(plan))
    assert code == 0, said
    assert "icc.icc_2_1 (all) at least 0.5" in said
    assert ", met" in said
    assert "written before this run, SHA-256" in (out / "report.html").read_text()
    code, said = run(*files, "--out", str(out), "--plan", str(plan), "--level", "0.9")
    assert code == 2
    assert "departs from its plan; level: the plan says 0.95, this run 0.9" in said


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--reference-column", "cac"], "reference.csv has no column 'cac'; it has study, agatston"),
        (["--categories", "0,ten"], "--categories needs numbers"),
        (["--categories", "10,10"], "category edges must ascend"),
        (["--kind", "dxa"], "kind is one of cac, aac, other"),
        (["--time", "years"], "both a time and an event"),
        (["--resamples", "10"], "at least 100 resamples"),
    ],
)
def test_mistakes_are_said_in_one_line(files: tuple[str, str], tmp_path: Path, extra: list[str], message: str) -> None:
    code, said = run(*files, "--out", str(tmp_path / "out"), *FEW, *extra)
    assert code == 2
    assert message in said
    assert "Traceback" not in said


def test_own_categories_are_named_by_their_edges(files: tuple[str, str], tmp_path: Path) -> None:
    assert run(*files, "--out", str(tmp_path / "out"), *FEW, "--categories", "0,100,300")[0] == 0
    assert 'category_names = ["0", ">0 to 100", ">100 to 300", ">300"]' in (tmp_path / "out" / "plan.toml").read_text()


def test_words_from_files_are_escaped_everywhere(tmp_path: Path) -> None:
    cohort = simulate_cac_cohort(studies=40)
    sets = np.where(np.arange(40) < 20, '<b onload="x">&_%', 'a|b"#\\ ../c')
    (tmp_path / "p.csv").write_text("study,agatston\n" + "".join(f"{i},{s}\n" for i, s in enumerate(cohort.predicted)))
    with (tmp_path / "r.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["study", "agatston", "set"])
        writer.writerows(zip(range(40), cohort.reference, sets, strict=True))
    out = tmp_path / "out"
    code, said = run(str(tmp_path / "p.csv"), str(tmp_path / "r.csv"), "--out", str(out), "--set", "set", *FEW)
    assert code == 0, said
    assert '<b onload="x">' not in (out / "report.html").read_text()
    assert r"\&\_\%" in (out / "tables" / "accuracy.tex").read_text()
    assert all(path.parent == out / "figures" for path in out.glob("figures/**/*.svg"))
    assert not list(tmp_path.glob("c*"))


def test_without_its_extra_the_command_says_what_to_install_before_it_computes(
    files: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vascal.render.evaluation_files.find_spec", lambda name: None if name == "typst" else name)
    code, said = run(*files, "--out", str(tmp_path / "out"), *FEW)
    assert code == 2
    assert "vascal evaluate needs typst: pip install 'vascal[evaluate]'" in said
    assert not (tmp_path / "out").exists()
