"""`vascal score`: from CT studies and lateral films to scores, reports and tables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vascal.batch import AnyJob, BatchOptions, Done, Failed, Tally, plan, record, run, write_tables
from vascal.batch import require_usable_output as require_output
from vascal.calcium.rule import RULES
from vascal.cli.progress import Reporter, show_progress
from vascal.errors import VascalError
from vascal.film_batch import TABLE as FILM_TABLE
from vascal.film_batch import FilmJob
from vascal.film_options import FilmOptions
from vascal.io.film_spacing import require_stated
from vascal.io.objects.context import ObjectKind
from vascal.io.settings import read_calibration, read_label_names
from vascal.models.finder import FinderName
from vascal.models.runtime import read_manifest
from vascal.render.film_wording import show_saved_film
from vascal.render.language import LanguageCode
from vascal.render.wording import show_score
from vascal.result_options import KINDS, ResultOptions, SegLayoutName, parse_kinds, require_printer
from vascal.saved_results import Existing
from vascal.score_options import ScoreOptions

Inputs = Annotated[
    list[Path],
    typer.Argument(
        help="DICOM folder, file or zip, or NIfTI file; lateral films also as PNG, JPEG or TIFF. Several may be given.",
        exists=True,
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Labels = Annotated[
    Path | None,
    typer.Option(help="NIfTI or DICOM SEG with the vessels; then nothing is searched.", exists=True, dir_okay=False),
]
LabelNames = Annotated[
    Path | None,
    typer.Option(help='JSON such as {"1": "LM", "2": "LAD"}: what the label values mean.', exists=True, dir_okay=False),
]
RuleName = Annotated[str | None, typer.Option(help=f"One of: {', '.join(RULES)}. Default: by tube voltage.")]
Kvp = Annotated[float | None, typer.Option(help="Tube voltage, if the header lacks it or is wrong.", min=70, max=150)]
Gated = Annotated[bool | None, typer.Option("--gated/--not-gated", help="State whether the scan is ECG-gated.")]
Thickness = Annotated[float | None, typer.Option(help="Slice thickness, if the header lacks it.", min=0.01)]
Compensate = Annotated[
    bool,
    typer.Option(
        "--compensate",
        help="Bring the score towards 120 kVp, 3 mm and a medium kernel. Fitted on simulated scans; reports say so.",
    ),
]
FinderOption = Annotated[
    FinderName | None,
    typer.Option(
        "--finder", help="Anatomy rules, or networks trained on simulated scans. Rules, unless --model is given."
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(help="Folder with your own networks, from `vascal train cac`.", exists=True, file_okay=False),
]
Threshold = Annotated[float | None, typer.Option(help="Replace the rule's threshold; the report says so.")]
MinArea = Annotated[float | None, typer.Option(help="Replace the rule's smallest patch; the report says so.", min=0)]
MinPixels = Annotated[int | None, typer.Option(help="Replace the rule's smallest patch in pixels.", min=1)]
CalibrationText = Annotated[
    str | None,
    typer.Option("--calibration", help="Mass: a factor in mg/cm3 per HU, rods as JSON, or a table by scanner as CSV."),
]
FilmModel = Annotated[
    Path | None,
    typer.Option(
        help="Folder with your own networks for films, from `vascal train aac`.", exists=True, file_okay=False
    ),
]
FilmSpacing = Annotated[
    float | None,
    typer.Option("--film-spacing-mm", help="Side of a pixel of films that do not say, such as PNG files."),
]
Uneven = Annotated[bool, typer.Option("--accept-uneven", help="Score unevenly spaced slices, with a caveat.")]
Single = Annotated[
    bool, typer.Option("--single-slice", help="Measure axial slices that stand alone; never quotable as a score.")
]
WithAnatomy = Annotated[bool, typer.Option("--anatomy", help="Also write anatomy.nii.gz and anatomy.json.")]
WithSaliency = Annotated[
    bool, typer.Option("--saliency", help="Also write saliency.png: what spoke for coronary calcium.")
]
LanguageOption = Annotated[
    LanguageCode, typer.Option("--language", help="Language of report.html and of what is printed.")
]
Pdf = Annotated[bool, typer.Option("--pdf", help="Also print the report as report.pdf.")]
DicomOption = Annotated[
    bool,
    typer.Option(
        "--dicom",
        help="Also write DICOM objects into dicom/: segmentation, structured report, PDF, pictures, key images. "
        "Like --fhir and --hl7, they carry the patient's name and number.",
    ),
]
Objects = Annotated[
    str | None, typer.Option("--objects", help=f"Only these DICOM objects, with commas between: {', '.join(KINDS)}.")
]
SegLayoutOption = Annotated[
    SegLayoutName,
    typer.Option(
        "--seg-layout",
        help="How the segmentation is stored: full frames, which everything reads; cropped to the calcium or deflated, "
        "which are small; or a label map (2024), which older software refuses.",
    ),
]
Fhir = Annotated[bool, typer.Option("--fhir", help="Also write fhir.json: a FHIR R4 bundle.")]
Hl7 = Annotated[bool, typer.Option("--hl7", help="Also write oru.hl7: an HL7 v2 ORU^R01 message.")]
Workers = Annotated[int, typer.Option("--jobs", "-j", help="Series to score at the same time; 0: all cores.", min=0)]
Resume = Annotated[bool, typer.Option("--resume", help="Keep what an earlier run finished, and go on.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results of an earlier run.")]


def score(
    *,
    inputs: Inputs,
    out: Out,
    labels: Labels = None,
    label_names: LabelNames = None,
    rule: RuleName = None,
    kvp: Kvp = None,
    gated: Gated = None,
    slice_thickness_mm: Thickness = None,
    threshold_hu: Threshold = None,
    min_area_mm2: MinArea = None,
    min_pixels: MinPixels = None,
    compensate: Compensate = False,
    finder: FinderOption = None,
    model: Model = None,
    calibration: CalibrationText = None,
    film_model: FilmModel = None,
    film_spacing_mm: FilmSpacing = None,
    accept_uneven: Uneven = False,
    single_slice: Single = False,
    anatomy: WithAnatomy = False,
    saliency: WithSaliency = False,
    language: LanguageOption = "en",
    pdf: Pdf = False,
    dicom: DicomOption = False,
    objects: Objects = None,
    seg_layout: SegLayoutOption = "full",
    fhir: Fhir = False,
    hl7: Hl7 = False,
    jobs: Workers = 1,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Score coronary calcium on CT studies, and aortic calcification on lateral films of the lumbar spine (AAC-24).

    Writes, for each series or film, OUT/<study>/<series or film>/ with score.json, overlay.png and report.html, for CT
    also lesions.csv; and OUT/scores.csv, OUT/aac_scores.csv and OUT/failures.csv for all. For other systems: --dicom,
    --pdf, --fhir, --hl7, and afterwards `vascal export`. Exit status: 0 all scored, 1 some failed, 2 bad usage.
    """
    if resume and overwrite:
        raise typer.BadParameter("--resume keeps results and --overwrite replaces them; choose one")
    if saliency and model is None and finder != "learned":
        raise typer.BadParameter("--saliency shows what networks looked at; add --finder learned")
    if single_slice and anatomy:
        raise typer.BadParameter("a single slice is no volume to write as NIfTI; leave out --anatomy or --single-slice")
    existing: Existing = "resume" if resume else "overwrite" if overwrite else "refuse"
    try:
        options = BatchOptions(
            out=out,
            score=ScoreOptions(
                rule=_known_rule(rule),
                kvp=kvp,
                is_gated=gated,
                slice_thickness_mm=slice_thickness_mm,
                threshold_hu=threshold_hu,
                min_area_mm2=min_area_mm2,
                min_pixels=min_pixels,
                compensate=compensate or None,
                finder=finder,
                model=model,
                single_slice=single_slice or None,
                labels=labels,
                label_names=None if label_names is None else read_label_names(label_names),
                calibration=None if calibration is None else read_calibration(calibration),
            ),
            film=FilmOptions(model=film_model, spacing_mm=film_spacing_mm),
            accept_uneven=accept_uneven,
            existing=existing,
            results=ResultOptions(
                with_anatomy=anatomy,
                with_saliency=saliency,
                language=language,
                pdf=pdf,
                objects=_choose_objects(objects, seg_layout, dicom=dicom),
                seg_layout=seg_layout,
                fhir=fhir,
                hl7=hl7,
            ),
        )
        require_printer(options.results)
        if model is not None:
            _require_models(model, finder)
        if film_spacing_mm is not None:
            require_stated(film_spacing_mm)
        require_output(options)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    raise typer.Exit(run_batch(inputs, options, workers=jobs or os.cpu_count() or 1))


def _choose_objects(names: str | None, layout: SegLayoutName, *, dicom: bool) -> tuple[ObjectKind, ...]:
    chosen = parse_kinds(names) if names is not None else KINDS if dicom else ()
    if names is not None and not chosen:
        raise typer.BadParameter(f"--objects names none; there are {', '.join(KINDS)}")
    if layout != "full" and "seg" not in chosen:
        raise typer.BadParameter("--seg-layout says how a segmentation is stored; add --dicom or --objects seg")
    return chosen


def _known_rule(name: str | None) -> str | None:
    if name is not None and name not in RULES:
        raise typer.BadParameter(f"no rule is called {name!r}; there are {', '.join(RULES)}")
    return name


def _require_models(folder: Path, finder: FinderName | None) -> None:
    """Refuse a folder without networks before any scan is read."""
    if finder == "rules":
        raise typer.BadParameter("--model gives networks, which --finder rules does not use; leave one out")
    read_manifest(folder)


def run_batch(inputs: list[Path], options: BatchOptions, *, workers: int = 1) -> int:
    """Score inputs, say what happens, write the tables; give the exit status."""
    tally = Tally()
    with show_progress() as progress:
        interrupted = _score_all(inputs, options, tally, progress, workers)
        try:
            write_tables(tally, options.out)
        except VascalError as error:
            progress.say(f"{error}; the results of each series are complete where their folders are")
            return 1
        if interrupted:
            progress.say("interrupted; what is finished is kept, and --resume goes on from here")
            return 130
        _summarise(tally, options.out, progress, has_labels=options.score.labels is not None)
    return 1 if tally.failed or not tally.done else 0


def _score_all(inputs: list[Path], options: BatchOptions, tally: Tally, progress: Reporter, workers: int) -> bool:
    """Score until the inputs or the user's patience end; True if interrupted."""
    counted = [0]
    try:
        for result in run(_counted(plan(inputs, options, tally), counted), options, workers=workers):
            record(result, tally)
            progress.say(describe(result, options.out))
            progress.step(counted[0])
    except KeyboardInterrupt:
        return True
    return False


def _counted(jobs: Iterator[AnyJob], counter: list[int]) -> Iterator[AnyJob]:
    for job in jobs:
        counter[0] += 1
        yield job


def describe(result: Done | Failed, out: Path) -> str:
    """Say in one line what became of a series or film; no patient identifier in it."""
    if isinstance(result, Failed):
        return f"{result.job.title}: not scored: {result.refusal.message}"
    return f"{result.job.title}: {headline(result.saved)}; {out / result.job.folder / 'report.html'}"


def headline(saved: Mapping[str, Any]) -> str:
    """Say a saved score in a few words."""
    if saved["kind"] == "aac":
        return show_saved_film(saved)
    shown = show_score(saved["total"]["agatston"])
    if not saved["is_quotable"]:
        grave = ", ".join(caveat["code"] for caveat in saved["caveats"] if caveat["severity"] == "critical")
        return f"not quotable as a calcium score ({grave}); sum of what was found {shown}"
    category = saved["interpretation"]["risk_category"]
    return f"Agatston {shown} (category {category}), {saved['total']['lesions']} lesion(s)"


def _summarise(tally: Tally, out: Path, progress: Reporter, *, has_labels: bool) -> None:
    for failure in tally.unread:
        if failure.kind == "failed":
            progress.say(f"{failure.refusal.subject}: not scored: {failure.refusal.message}")
    skipped = len(tally.failures) - tally.failed
    rest = f", {skipped} skipped" if skipped else ""
    kinds = {isinstance(done.job, FilmJob) for done in tally.done} or {False}
    tables = " and ".join(str(out / (FILM_TABLE if is_film else "scores.csv")) for is_film in sorted(kinds))
    tables = tables if tally.done else str(out / "failures.csv")
    if has_labels and True in kinds:
        progress.say("--labels are for CT: the films were graded without them")
    progress.say(f"{len(tally.done)} scored, {tally.failed} failed{rest}; see {tables}")
