"""`vascal simulate xray`: what lands on disk, from a film drawn by hand in the simulator's place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.io.make_film import MadeFilm
from vascal.cli.main import app
from vascal.errors import SimulationError
from vascal.io.film_reading import read_films
from vascal.simulate.xray import study

RUN = CliRunner()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_film(seed: int, *, style: str | None = None, shifted: bool = False) -> Any:
        if style not in (None, "lumbar", "dxa"):
            raise SimulationError(f"no style is called {style!r}")
        return seed, style or "lumbar", shifted

    def simulate_film(plan: Any) -> MadeFilm:
        return MadeFilm(seed=plan[0], style=plan[1], is_shifted=plan[2], modality="OT" if plan[1] == "dxa" else "DX")

    monkeypatch.setattr(study, "draw_film", draw_film)
    monkeypatch.setattr(study, "simulate_film", simulate_film)


def test_films_and_their_table_are_written(tmp_path: Path) -> None:
    args = ["simulate", "xray", "--out", str(tmp_path / "out"), "-n", "3", "--seed", "5", "--jobs", "1"]
    result = RUN.invoke(app, [*args, "--style", "dxa", "--shifted"])

    assert result.exit_code == 0, result.output
    assert [film.subject for film in read_films(tmp_path / "out").films]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"films.csv", "film000005.dcm", "film000007.truth.json", "film000006.walls.png"} <= names
    rows = (tmp_path / "out" / "films.csv").read_text().splitlines()
    assert len(rows) == 4
    assert "dxa,True,5" in rows[1]


@pytest.mark.parametrize("more", [["--style", "none"], ["-n", "0"]])
def test_what_can_not_be_simulated_is_bad_usage(tmp_path: Path, more: list[str]) -> None:
    result = RUN.invoke(app, ["simulate", "xray", "--out", str(tmp_path), *more])

    assert result.exit_code == 2


def test_a_folder_that_can_not_be_made_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = RUN.invoke(app, ["simulate", "xray", "--out", str(tmp_path / "file" / "x")])

    assert result.exit_code == 2
    assert "Traceback" not in result.output
