"""Many series and films: score, save, go on after failures, resume after interruptions."""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from vascal.errors import InputError, OutputError, UnsupportedImageError, VascalError
from vascal.film_batch import FilmJob, finish_film, write_film_table
from vascal.film_options import FilmOptions
from vascal.io.atomic import write_file, write_folder
from vascal.io.film_reading import FilmSet, read_films
from vascal.io.reading import read_input
from vascal.io.results import (
    Failure,
    failures_to_csv,
    report_to_dict,
    score_row,
    scores_to_csv,
)
from vascal.io.sources import identify_sources
from vascal.pipeline import ScoredSeries, hash_labels, score_series
from vascal.report.choice import Choice, Quotable, choose_series
from vascal.result_options import ResultOptions
from vascal.saved_results import Existing, MadeFrom, load_earlier, safe_name
from vascal.score_options import ScoreOptions
from vascal.series_files import lay_out_series
from vascal.study import Refusal, Series, Study

SKIPPED_CODES = frozenset({UnsupportedImageError.code})
"""Refusals of images nobody would score: localizers, dose reports, other modalities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How a run treats its output and what it writes.

    Parameters
    ----------
    out
        Folder for the results.
    score
        How each series is scored.
    film
        How each film is graded.
    accept_uneven
        Let series with unequal distances between slices through, with a caveat.
    existing
        What to do when `out` holds results: refuse, keep and go on, or replace.
    results
        What to make of each result, and in which language.
    """

    out: Path
    score: ScoreOptions
    film: FilmOptions = field(default_factory=FilmOptions)
    accept_uneven: bool = False
    existing: Existing = "refuse"
    results: ResultOptions = field(default_factory=ResultOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One series to score."""

    input: str
    series: Series
    study_date: str = ""

    @property
    def study(self) -> str:
        """Study Instance UID."""
        return self.series.study_instance_uid

    @property
    def key(self) -> str:
        """Names the series inside its study."""
        return self.series.key

    @property
    def title(self) -> str:
        """How progress is reported; no patient identifier in it."""
        number = self.series.series_number
        return f"series {self.key}" if number is None else f"series {number}"

    @property
    def sources(self) -> tuple[str, ...]:
        """What it is read from."""
        return identify_sources(self.series)

    @property
    def folder(self) -> str:
        """Where its results go, relative to the output folder."""
        return f"{safe_name(self.series.study_instance_uid)}/{safe_name(self.series.key)}"


AnyJob = Job | FilmJob
"""One image to score: a series of CT or a film."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Done:
    """An image whose results are on disk; `saved` is its `score.json`."""

    job: AnyJob
    saved: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An image without results."""

    job: AnyJob
    refusal: Refusal


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a run has come to so far.

    Parameters
    ----------
    done
        Series and films with results.
    unread
        What was refused on reading, before any scoring.
    unscored
        Series and films that were read but could not be scored.
    """

    done: list[Done] = field(default_factory=list)
    unread: list[Failure] = field(default_factory=list)
    unscored: list[Failure] = field(default_factory=list)

    @property
    def failures(self) -> list[Failure]:
        """Everything without results."""
        return [*self.unread, *self.unscored]

    @property
    def failed(self) -> int:
        """How many things failed that should have been scored."""
        return sum(failure.kind == "failed" for failure in self.failures)


def plan(inputs: Sequence[Path], options: BatchOptions, tally: Tally) -> Iterator[AnyJob]:
    """Read the inputs' headers, one input at a time, and give every series and film to score.

    What can not be scored goes to the tally's failures. A series or film that occurs in
    two inputs is scored once.
    """
    seen: dict[str, tuple[str, ...]] = {}
    for path in inputs:
        try:
            films, studies = _read(path, options)
        except VascalError as error:
            refusal = Refusal(subject=path.name, code=error.code, message=str(error))
            tally.unread.append(Failure(input=path.name, refusal=refusal, kind="failed"))
            continue
        jobs: list[AnyJob] = [
            Job(input=path.name, series=series, study_date=study.study_date)
            for study in studies
            for series in study.series
        ]
        jobs += [FilmJob(input=path.name, film=film) for film in films.films]
        claimed = films.claimed_series | {refusal.subject for refusal in films.refusals}
        refused = [r for study in studies for r in study.refusals if r.subject not in claimed]
        tally.unread += [_failure(path.name, r, alone=not jobs) for r in (*refused, *films.refusals)]
        for job in jobs:
            if job.folder in seen:
                tally.unread.append(_repeated(job, seen[job.folder]))
                continue
            seen[job.folder] = job.sources
            yield job


def _read(path: Path, options: BatchOptions) -> tuple[FilmSet, tuple[Study, ...]]:
    """Look for films and for CT; that there is no CT is no failure where there are films."""
    films = read_films(path, stated_spacing_mm=options.film.spacing_mm)
    try:
        return films, read_input(path, accept_uneven=options.accept_uneven, single_slice=options.score.reads_single)
    except InputError:
        if films.films or films.refusals:
            return films, ()
        raise


def _repeated(job: AnyJob, earlier: tuple[str, ...]) -> Failure:
    """Tell the same images given twice from other images under the same name."""
    same = job.sources == earlier
    what = "film" if isinstance(job, FilmJob) else "series"
    message = (
        f"this {what} was already scored in this run"
        if same
        else "other images of the same name were already scored in this run; score them into another folder, "
        "or give them names of their own"
    )
    code = "duplicate" if same else "name-collision"
    return Failure(input=job.input, refusal=_refuse(job, code, message), kind="skipped" if same else "failed")


def _refuse(job: AnyJob, code: str, message: str) -> Refusal:
    return Refusal(subject=job.key, code=code, message=message, study_instance_uid=job.study)


def _failure(name: str, refusal: Refusal, *, alone: bool) -> Failure:
    """Call a localizer skipped, unless nothing else was in the input."""
    skipped = refusal.code in SKIPPED_CODES and not alone
    return Failure(input=name, refusal=refusal, kind="skipped" if skipped else "failed")


def require_usable_output(options: BatchOptions) -> None:
    """Make the output folder, and refuse one that holds results nobody said to touch.

    Raises
    ------
    OutputError
        If it can not be made, or holds results and neither resume nor overwrite was asked.
    """
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can not make the folder {options.out.name}: {error.strerror}") from error
    if options.existing == "refuse" and _holds_results(options.out):
        raise OutputError(
            f"{options.out.name} already holds results; go on with --resume, replace them with --overwrite, "
            "or choose another folder"
        )


def _holds_results(out: Path) -> bool:
    """Whether anything finished is there; hidden folders are what an interrupted run left."""
    return any(not path.parent.name.startswith(".") for path in out.glob("*/*/score.json"))


def score_and_save(job: AnyJob, options: BatchOptions) -> Done | Failed:
    """Score one series or film and write its folder; or find it done, when resuming.

    A `VascalError` becomes a failure. So does any other exception, here and
    nowhere else: one broken image must not cost a cohort. Only its type is
    kept, since its text may hold what a header holds.
    """
    try:
        if isinstance(job, FilmJob):
            saved = finish_film(job, options.out, options.existing, options.film, options.results)
        else:
            saved = _load_done(job, options) or _save(
                score_series(job.series, options.score, study_date=job.study_date), job, options
            )
    except VascalError as error:
        return Failed(job=job, refusal=_refuse(job, error.code, str(error)))
    except Exception as error:  # noqa: BLE001
        message = f"unexpected {type(error).__name__} at {_where(error)}; please report this as a bug"
        return Failed(job=job, refusal=_refuse(job, "internal", message))
    return Done(job=job, saved=saved)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _load_done(job: Job, options: BatchOptions) -> Mapping[str, Any] | None:
    folder = options.out / job.folder
    now = MadeFrom(
        options=dict(options.score.as_text()), source_uids=job.sources, labels_sha256=hash_labels(options.score)
    )
    saved = load_earlier(folder / "score.json", options.existing, now)
    return saved if saved is not None and options.results.is_all_there(folder, saved) else None


def _save(scored: ScoredSeries, job: Job, options: BatchOptions) -> Mapping[str, Any]:
    write_folder(options.out / job.folder, lay_out_series(scored, job.series, options.score, options.results))
    return report_to_dict(scored.report)


def run(jobs: Iterator[AnyJob], options: BatchOptions, *, workers: int = 1) -> Iterator[Done | Failed]:
    """Score jobs, in this process or in several, and give results as they come.

    Parameters
    ----------
    jobs
        Taken only as fast as they are worked on.
    options
        What to write, and where.
    workers
        Number of processes; 1 works in this one.
    """
    if workers == 1:
        yield from (score_and_save(job, options) for job in jobs)
        return
    waiting = iter(jobs)
    while True:
        lost = yield from _run_pool(waiting, options, workers)
        if not lost:
            return
        # One of these killed its process (memory, a codec's crash): find out which, alone.
        for job in lost:
            again = yield from _run_pool(iter([job]), options, 1)
            if again:
                message = "the process that scored it was killed, most likely for want of memory"
                yield Failed(job=job, refusal=_refuse(job, "killed", message))


def _run_pool(
    jobs: Iterator[AnyJob], options: BatchOptions, workers: int
) -> Generator[Done | Failed, None, list[AnyJob]]:
    """Feed a pool of processes; give back the jobs in hand when one of them died."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(score_and_save, job, options): job for job in islice(jobs, 2 * workers)}
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                if isinstance(future.exception(), BrokenProcessPool):
                    return list(running.values())
                del running[future]
                yield future.result()
                running |= {pool.submit(score_and_save, job, options): job for job in islice(jobs, 1)}
    return []


def record(result: Done | Failed, tally: Tally) -> None:
    """Add one result to the tally."""
    if isinstance(result, Done):
        tally.done.append(result)
    else:
        tally.unscored.append(Failure(input=result.job.input, refusal=result.refusal, kind="failed"))


def write_tables(tally: Tally, out: Path) -> None:
    """Write `scores.csv`, `aac_scores.csv` if there are films, and `failures.csv` for everything in the tally."""
    by_study: dict[str, list[Done]] = {}
    for done in tally.done:
        if isinstance(done.job, Job):
            by_study.setdefault(done.job.study, []).append(done)
    rows = [row for group in by_study.values() for row in _rows(group)]
    write_file(out / "scores.csv", scores_to_csv(rows))
    write_film_table(((done.job, done.saved) for done in tally.done if isinstance(done.job, FilmJob)), out)
    write_file(out / "failures.csv", failures_to_csv(tally.failures))


def _rows(group: Sequence[Done]) -> list[dict[str, Any]]:
    choice = choose_for(group)
    return [
        score_row(done.saved, done.job.folder, choice.reason if choice is not None and choice.index == n else None)
        for n, done in enumerate(group)
    ]


def choose_for(group: Sequence[Done]) -> Choice | None:
    """Pick the series to quote among the scored series of one study."""
    return choose_series(
        [
            Quotable(
                key=done.job.key,
                is_quotable=done.saved["is_quotable"],
                caveats=frozenset(caveat["code"] for caveat in done.saved["caveats"]),
                spacing_mm=done.saved["series"]["spacing_between_slices_mm"],
                series_number=done.saved["series"]["series_number"],
            )
            for done in group
        ]
    )
