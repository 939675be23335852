"""Films of a run: find them, grade them, save them, and their table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vascal.film_options import FilmOptions
from vascal.film_pipeline import ScoredFilm, score_film
from vascal.io.aac_results import aac_row, aac_scores_to_csv, aac_to_dict, aac_to_json
from vascal.io.atomic import write_file, write_folder
from vascal.io.film_reading import FoundFilm
from vascal.io.sources import hash_file
from vascal.render.film_images import draw_film_images
from vascal.render.film_overlay import draw_film_overlay
from vascal.render.film_page import draw_film_page
from vascal.report.film_choice import QuotableFilm, choose_film
from vascal.result_files import WrittenResult, make_film_files
from vascal.result_options import ResultOptions
from vascal.risk_study import add_risk
from vascal.saved_results import Existing, MadeFrom, load_earlier, safe_name

TABLE = "aac_scores.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmJob:
    """One film to grade.

    Parameters
    ----------
    input
        Name of the input it was found in.
    film
        Its header; the pixels are read when it is graded.
    """

    input: str
    film: FoundFilm

    @property
    def study(self) -> str:
        """Study Instance UID; for a plain image its own name."""
        return self.film.facts.study_instance_uid or self.film.key

    @property
    def key(self) -> str:
        """Names the film inside its study."""
        return self.film.key

    @property
    def title(self) -> str:
        """How progress is reported; no patient identifier in it."""
        number = self.film.facts.series_number
        return f"film {self.key}" if number is None else f"film of series {number}"

    @property
    def folder(self) -> str:
        """Where its results go, relative to the output folder."""
        return f"{safe_name(self.study)}/{safe_name(self.key)}"

    @property
    def sources(self) -> tuple[str, ...]:
        """SOP Instance UID; for a file without one, its SHA-256."""
        uid, film = self.film.facts.sop_instance_uid, self.film
        if uid:
            return (uid,)
        inside = "" if film.member is None else f"/{film.member}"
        return (f"sha256:{hash_file(film.path)}{inside}",)


def finish_film(
    job: FilmJob, out: Path, existing: Existing, options: FilmOptions, results: ResultOptions | None = None
) -> Mapping[str, Any]:
    """Grade one film and write its folder; or find it done, when resuming.

    Parameters
    ----------
    job
        The film.
    out
        Folder of all results.
    existing
        What to do with an earlier result.
    options
        How it is graded.
    results
        What to make of the result.

    Returns
    -------
    mapping
        Its `score.json`.

    Raises
    ------
    VascalError
        What makes this film impossible to read, grade or write.
    """
    now = MadeFrom(options=dict(options.as_text()), source_uids=job.sources)
    wanted, folder = results or ResultOptions(), out / job.folder
    saved = load_earlier(folder / "score.json", existing, now)
    if saved is not None and wanted.is_all_there(folder, saved):
        return saved
    scored = score_film(job.film.load(), options=options, key=job.key, source_uids=now.source_uids)
    write_folder(folder, lay_out_film(scored, job.film, wanted))
    return aac_to_dict(scored.report)


def lay_out_film(scored: ScoredFilm, film: FoundFilm, options: ResultOptions) -> dict[str, bytes]:
    """Make the files of a graded film, by name."""
    images = draw_film_images(scored.film, scored.reading, scored.report)
    saved = aac_to_dict(scored.report)
    files = {
        "overlay.png": draw_film_overlay(scored.film, scored.reading, scored.report),
        "score.json": aac_to_json(scored.report),
        **add_risk(saved, draw_film_page(scored.report, images, language=options.language)),
    }
    is_dicom = film.facts.source_format == "dicom"
    written = WrittenResult(saved=saved, files=files, places=((film.path, film.member),), is_dicom=is_dicom)
    return files | make_film_files(scored, written, options)


def write_film_table(done: Iterable[tuple[FilmJob, Mapping[str, Any]]], out: Path) -> None:
    """Write `aac_scores.csv`: a row a film, with the one of each study to quote.

    Nothing is written where there are no films, unless a table of an earlier run is there.
    """
    by_study: dict[str, list[tuple[FilmJob, Mapping[str, Any]]]] = {}
    for job, saved in done:
        by_study.setdefault(job.study, []).append((job, saved))
    if by_study or (out / TABLE).exists():
        write_file(out / TABLE, aac_scores_to_csv(row for group in by_study.values() for row in _rows(group)))


def _rows(group: Sequence[tuple[FilmJob, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    choice = choose_film([_describe(saved) for _, saved in group])
    return [
        aac_row(saved, job.folder, choice.reason if choice is not None and choice.index == n else None)
        for n, (job, saved) in enumerate(group)
    ]


def _describe(saved: Mapping[str, Any]) -> QuotableFilm:
    return QuotableFilm(
        key=saved["film"]["key"],
        is_quotable=saved["is_quotable"],
        cautions=sum(caveat["severity"] == "caution" for caveat in saved["caveats"]),
        lateral_probability=saved["reading"]["lateral_probability"],
    )
