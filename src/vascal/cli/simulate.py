"""`vascal simulate ct`: simulated patients with exactly known calcium, as DICOM with truth."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from vascal.cli.progress import Reporter, show_progress
from vascal.errors import SimulationError, VascalError

Plan = TypeVar("Plan")
Made = TypeVar("Made")

simulate = typer.Typer(help="Simulate scans whose calcium is exactly known.", no_args_is_help=True)


@simulate.command("ct")
def simulate_ct(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for scans, truth, plan.csv and lesions.csv.")],
    patients: Annotated[int, typer.Option("--patients", "-n", help="How many patients.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Of the first patient; the others follow.", min=0)] = 0,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="gated, chest, low-dose, ccta, pet-ac, abdomen or dual-energy; again for a second series. "
            "gated unless given. qrm and qrm-large are the QRM phantom without and with its ring.",
        ),
    ] = None,
    agatston: Annotated[
        float | None, typer.Option(help="Coronary score to aim at; drawn to suit age and sex unless given.", min=0)
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="CSV with one row a scan, instead of patients, seed and protocol.")
    ] = None,
    seg: Annotated[bool, typer.Option("--seg/--no-seg", help="Write label maps as DICOM SEG too.")] = True,
    jobs: Annotated[int | None, typer.Option(help="Scans at a time; all cores unless given.", min=1)] = None,
) -> None:
    """Simulate CT scans of parametric patients, or of the QRM phantom, with truth for every lesion.

    The same seed or plan gives the same files, whatever the number of jobs.
    """
    try:
        from vascal.io.plan_csv import read_plan, write_plan
        from vascal.simulate.ct.study_plan import draw_plan

        if protocol and set(protocol) <= {"qrm", "qrm-large"}:
            _simulate_phantoms(out, patients, seed, protocol)
            return
        scans = read_plan(plan) if plan else draw_plan(patients, seed, tuple(protocol or ("gated",)), agatston=agatston)
        out.mkdir(parents=True, exist_ok=True)
        write_plan(scans, out / "plan.csv")
        with show_progress("simulating") as reporter:
            each = simulate_each(
                partial(_simulate_one, out=out, with_seg=seg),
                scans,
                jobs=jobs or os.cpu_count() or 1,
                reporter=reporter,
            )
            rows = [row for made in each for row in made]
        from vascal.io.simulated import write_lesions

        write_lesions(rows, out / "lesions.csv")
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    except OSError as error:
        raise typer.BadParameter(f"{out} can not be written: {error.strerror}") from error
    typer.echo(f"{len(scans)} simulated scans with {len(rows)} plaques are in {out}; their plan is {out / 'plan.csv'}")


def _simulate_phantoms(out: Path, count: int, seed: int, protocols: Sequence[str]) -> None:
    """Scan the QRM phantom `count` times, each time set up anew."""
    from vascal.io.simulated import write_qrm_scan

    with show_progress("simulating") as reporter:
        for name in protocols:
            for number in range(count):
                write_qrm_scan(seed + number, out, has_ring=name == "qrm-large")
                reporter.step(count * len(protocols))
    typer.echo(f"{count * len(protocols)} simulated scans of the QRM phantom are in {out}")


def simulate_each(
    simulate_one: Callable[[Plan], Made], plans: Sequence[Plan], *, jobs: int, reporter: Reporter
) -> Iterator[Made]:
    """Simulate on several cores; a single plan or job needs no second process.

    Raises
    ------
    SimulationError
        If a process was killed.
    """
    if min(jobs, len(plans)) == 1:
        for plan in plans:
            yield simulate_one(plan)
            reporter.step(len(plans))
        return
    with ProcessPoolExecutor(min(jobs, len(plans))) as pool:
        for done in as_completed([pool.submit(simulate_one, plan) for plan in plans]):
            try:
                yield done.result()
            except BrokenProcessPool as error:
                raise SimulationError(
                    "a worker process was killed, most likely for lack of memory; choose fewer --jobs"
                ) from error
            reporter.step(len(plans))


def _simulate_one(scan: Any, *, out: Path, with_seg: bool) -> list[dict[str, Any]]:
    from vascal.io.simulated import write_planned_scan

    return write_planned_scan(scan, out, with_seg=with_seg)
