"""`vascal simulate xray`: simulated lateral films with exactly known aortic calcium, as DICOM with truth."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from vascal.cli.progress import show_progress
from vascal.cli.simulate import simulate_each
from vascal.errors import VascalError

if TYPE_CHECKING:
    from vascal.simulate.xray.habits import Style


def simulate_xray(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for films, truth, label maps and films.csv.")],
    films: Annotated[int, typer.Option("--films", "-n", help="How many films.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Of the first film; the others follow.", min=0)] = 0,
    style: Annotated[str | None, typer.Option(help="lumbar, abdomen or dxa; drawn for each film unless given.")] = None,
    shifted: Annotated[
        bool, typer.Option("--shifted", help="Draw from settings that no shipped network was trained on.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Films at a time; all cores unless given.", min=1)] = None,
) -> None:
    """Simulate lateral films of the lumbar spine, with the true grade of every wall at every level.

    The same seed gives the same files, whatever the number of jobs. films.csv lists them all with their grades.
    """
    try:
        from vascal.io.simulated_films import write_film_table
        from vascal.simulate.xray.study import draw_film

        wanted = cast("Style | None", style)  # the simulator refuses what it does not know
        plans = [draw_film(number, style=wanted, shifted=shifted) for number in range(seed, seed + films)]
        out.mkdir(parents=True, exist_ok=True)
        with show_progress("simulating") as reporter:
            one = partial(_simulate_one, out=out)
            rows = list(simulate_each(one, plans, jobs=jobs or os.cpu_count() or 1, reporter=reporter))
        write_film_table(rows, out / "films.csv")
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    except OSError as error:
        raise typer.BadParameter(f"{out} can not be written: {error.strerror}") from error
    typer.echo(f"{len(rows)} simulated films are in {out}; their grades are in {out / 'films.csv'}")


def _simulate_one(plan: Any, *, out: Path) -> dict[str, Any]:
    from vascal.io.film_writer import write_film
    from vascal.io.simulated_films import film_row
    from vascal.simulate.xray.study import simulate_film

    film = simulate_film(plan)
    return film_row(film, write_film(film, out / f"film{film.seed:06d}.dcm"))
