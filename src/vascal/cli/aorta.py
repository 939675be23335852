"""`vascal aorta`: calcium of the aorta on CT."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any

import typer

import vascal
from vascal.anatomy.aorta_parts import TOTALSEGMENTATOR
from vascal.aorta_scoring import score_aorta
from vascal.calcium.rule import RULES
from vascal.errors import VascalError
from vascal.io.aorta_results import aorta_row, aorta_rows_to_csv, aorta_to_json
from vascal.io.atomic import write_file, write_folder
from vascal.io.labels import read_labels
from vascal.io.reading import read_input, read_volume
from vascal.io.settings import read_label_names
from vascal.io.sources import hash_file, identify_sources
from vascal.render.aorta_overlay import draw_aorta, headline
from vascal.render.aorta_page import draw_aorta_page
from vascal.report.aorta_report import AortaReport
from vascal.report.provenance import Provenance
from vascal.study import Series

Inputs = Annotated[
    list[Path], typer.Argument(help="DICOM folder, file or zip, or NIfTI file; several may be given.", exists=True)
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Labels = Annotated[
    Path | None,
    typer.Option(help="NIfTI or DICOM SEG with aorta and vertebrae; then nothing is searched.", exists=True),
]
LabelNames = Annotated[
    Path | None,
    typer.Option(help='JSON such as {"1": "aorta", "2": "L1"}. Default: TotalSegmentator 2.', exists=True),
]
RuleName = Annotated[str | None, typer.Option(help=f"One of: {', '.join(RULES)}. Default: by tube voltage.")]
Kvp = Annotated[float | None, typer.Option(help="Tube voltage, for formats that do not say.", min=70, max=150)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results of an earlier run.")]


def aorta(
    *,
    inputs: Inputs,
    out: Out,
    labels: Labels = None,
    label_names: LabelNames = None,
    rule: RuleName = None,
    kvp: Kvp = None,
    overwrite: Overwrite = False,
) -> None:
    """Score calcium of the aortic wall on CT, with contrast agent or without, by level.

    Writes, for each series, OUT/<study>/<series>/ with score.json (kind "aorta"), overlay.png and report.html, and
    OUT/aorta_scores.csv for all. Exit status: 0 all scored, 1 some failed, 2 bad usage.
    """
    if rule is not None and rule not in RULES:
        raise typer.BadParameter(f"no rule is called {rule!r}; there are {', '.join(RULES)}")
    table = out / "aorta_scores.csv"
    if table.exists() and not overwrite:
        raise typer.BadParameter(f"{table} is there already; --overwrite replaces it")
    try:
        names = dict(TOTALSEGMENTATOR) if label_names is None else read_label_names(label_names)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    raise typer.Exit(_score_inputs(inputs, out, _Options(labels=labels, names=names, rule=rule, kvp=kvp)))


class _Options(dict[str, Any]):
    """What the user asked for, by name."""


def _score_inputs(inputs: list[Path], out: Path, options: _Options) -> int:
    """Score every series of every input, write the table; give the exit status."""
    rows: list[dict[str, Any]] = []
    failed = 0
    for path in inputs:
        try:
            studies = read_input(path, kvp=options["kvp"])
        except VascalError as error:
            typer.echo(f"{path.name}: not scored: {error}", err=True)
            failed += 1
            continue
        for study in studies:
            for refusal in study.refusals:
                typer.echo(f"{refusal.subject}: not scored: {refusal.message}", err=True)
            for series in study.series:
                row = _score_one(series, out, options)
                failed += row is None
                rows += [] if row is None else [row]
    try:
        write_file(out / "aorta_scores.csv", aorta_rows_to_csv(rows))
    except VascalError as error:
        typer.echo(str(error), err=True)
        return 1
    return 1 if failed or not rows else 0


def _score_one(series: Series, out: Path, options: _Options) -> dict[str, Any] | None:
    """Score one series and write its folder; None, with a line that says why, if that can not be."""
    name = f"series {series.key if series.series_number is None else series.series_number}"
    folder = Path(_folder(series.study_instance_uid)) / _folder(series.key)
    try:
        volume = read_volume(series)
        label_map = None if options["labels"] is None else read_labels(options["labels"], volume.grid, options["names"])
        report = score_aorta(
            series, volume, labels=label_map, rule=options["rule"], provenance=_provenance(series, options)
        )
        write_folder(out / folder, _files(report))
    except VascalError as error:
        typer.echo(f"{name}: not scored: {error}", err=True)
        return None
    typer.echo(f"{name}: {headline(report)}; {out / folder / 'report.html'}")
    return aorta_row(report, folder.as_posix())


def _files(report: AortaReport) -> dict[str, bytes]:
    overlay = draw_aorta(report)
    page = draw_aorta_page(report, overlay).encode(errors="backslashreplace")
    return {"score.json": aorta_to_json(report), "overlay.png": overlay, "report.html": page}


def _provenance(series: Series, options: _Options) -> Provenance:
    labels = options["labels"]
    asked = {name: str(options[name]) for name in ("kvp", "rule") if options[name] is not None}
    return Provenance(
        software="vascal",
        version=vascal.__version__,
        options=tuple(sorted(asked.items())),
        source_uids=identify_sources(series),
        labels_sha256=None if labels is None else hash_file(labels),
    )


def _folder(name: str) -> str:
    """Make a name safe for any file system; what was changed is told apart by a hash."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80].strip(".") or "series"
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
