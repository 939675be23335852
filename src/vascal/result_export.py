"""Composition root of sending: saved results go in, files for other systems come out.

Nothing is sent: what is written here is posted, imported or forwarded by whoever may do so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from vascal.errors import InputError
from vascal.io.atomic import write_file
from vascal.io.fhir_report import BundleType, report_to_fhir
from vascal.io.flat_tables import FlatResult, list_columns, results_to_redcap, results_to_table, write_dictionary
from vascal.io.hl7_report import Route, report_to_hl7
from vascal.io.image_facts import READABLE, find_score_files
from vascal.io.patient_identity import PatientIdentity
from vascal.report.choice import Quotable, choose_series
from vascal.report.film_choice import QuotableFilm, choose_film
from vascal.result_options import FHIR_FILE, HL7_FILE
from vascal.saved_results import safe_name

Target = Literal["redcap", "csv", "fhir", "hl7"]
MESSAGES = ("fhir", "hl7")
"""Targets that get a file a result; the others get one table for all."""
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedResult:
    """One `score.json` of a kind that is sent.

    Parameters
    ----------
    folder
        Where it lies; other files of the result lie beside it.
    saved
        Its content.
    """

    folder: Path
    saved: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        """What it says of the images."""
        found: Mapping[str, Any] = self.saved[READABLE[str(self.saved["schema"])]]
        return found

    @property
    def study(self) -> str:
        """Study Instance UID, or the name that stands for it."""
        return str(self.facts["study_instance_uid"])

    @property
    def key(self) -> str:
        """Name of the series or film inside its study."""
        return str(self.facts["key"])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadResults:
    """What was found in folders of results.

    Parameters
    ----------
    results
        By path.
    passed_over
        Files of kinds that are not sent.
    damaged
        Files that can not be read, each with what is wrong.
    """

    results: tuple[SavedResult, ...]
    passed_over: int
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """How results are written for other systems.

    Parameters
    ----------
    identities
        Whose study it is, by study; None for anonymous results.
    records
        Record of the database it goes to, by study; None takes the Study Instance UID.
    every_series
        Write all series of a study, not only the one to quote.
    bundle_type
        Of FHIR.
    route
        Of HL7.
    written_at
        The moment to be stated; None states none.
    with_pdf
        Put ``report.pdf`` in, where it lies beside the result.
    """

    identities: Mapping[str, PatientIdentity] | None = field(default=None, repr=False)
    records: Mapping[str, str] | None = field(default=None, repr=False)
    every_series: bool = False
    bundle_type: BundleType = "collection"
    route: Route = field(default_factory=Route)
    written_at: datetime | None = None
    with_pdf: bool = False


def read_results(paths: Sequence[Path]) -> ReadResults:
    """Read every `score.json` of the given folders.

    Raises
    ------
    InputError
        If a folder holds none, and is not what a run left in which nothing could be scored.
    """
    scored = [path for path in paths if not _has_only_failures(path)]
    if not scored:
        raise InputError("nothing could be scored in any of these folders; failures.csv says why")
    files = dict.fromkeys(file for path in scored for file in find_score_files(path))
    results: list[SavedResult] = []
    damaged: list[str] = []
    passed_over = 0
    for file in files:
        try:
            found = _read_result(file)
        except InputError as error:
            damaged.append(f"{_place(file.parent)}: {error}")
            continue
        results += [] if found is None else [found]
        passed_over += found is None
    return ReadResults(results=tuple(results), passed_over=passed_over, damaged=tuple(damaged))


def _has_only_failures(path: Path) -> bool:
    """Whether a run left its table of failures, and no score."""
    return (path / "failures.csv").is_file() and not any(path.glob("*/*/score.json"))


def _read_result(file: Path) -> SavedResult | None:
    saved = _load(file)
    if saved.get("schema") not in READABLE:
        return None
    result = SavedResult(folder=file.parent, saved=saved)
    try:
        _describe(result)
        _ = (result.study, result.key)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file.name} is damaged, or not one that `vascal score` wrote") from error
    return result


def _load(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"can not read {file.name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file.name} is damaged: it is not JSON") from error
    if not isinstance(content, dict):
        raise InputError(f"{file.name} is damaged, or not one that vascal wrote")
    return content


def choose_results(results: Sequence[SavedResult], *, every_series: bool = False) -> tuple[SavedResult, ...]:
    """Keep the series, and the film, to quote of each study; where none may be quoted, the first: no study is lost."""
    if every_series:
        return tuple(results)
    groups: dict[tuple[str, str], list[SavedResult]] = {}
    for result in results:
        groups.setdefault((result.study, str(result.saved["schema"])), []).append(result)
    return tuple(group[_choose(group)] for group in groups.values())


def _choose(group: Sequence[SavedResult]) -> int:
    described = [_describe(result) for result in group]
    films = [one for one in described if isinstance(one, QuotableFilm)]
    series = [one for one in described if isinstance(one, Quotable)]
    choice = choose_film(films) if films else choose_series(series)
    return 0 if choice is None else choice.index


def _describe(result: SavedResult) -> Quotable | QuotableFilm:
    saved, facts = result.saved, result.facts
    if saved["kind"] == "aac":
        return QuotableFilm(
            key=facts["key"],
            is_quotable=saved["is_quotable"],
            cautions=sum(caveat["severity"] == "caution" for caveat in saved["caveats"]),
            lateral_probability=saved["reading"]["lateral_probability"],
        )
    return Quotable(
        key=facts["key"],
        is_quotable=saved["is_quotable"],
        caveats=frozenset(caveat["code"] for caveat in saved["caveats"]),
        spacing_mm=facts["spacing_between_slices_mm"],
        series_number=facts["series_number"],
    )


def export_results(results: Sequence[SavedResult], target: Target, out: Path, options: SendOptions) -> tuple[Path, ...]:
    """Write results for another system.

    Parameters
    ----------
    results
        As `read_results` found them.
    target
        What for.
    out
        Folder to write into; files of an earlier export are replaced.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    VascalError
        If a result is damaged, a study has no identity or record, or nothing can be written. Then nothing is.
    """
    chosen = choose_results(results, every_series=options.every_series)
    if not chosen:
        raise InputError("no result that can be sent; needed: coronary calcium or AAC-24 that can be read")
    make = _make_messages if target in MESSAGES else _make_tables
    files = make(chosen, target, options)
    for name, content in files.items():
        write_file(out / name, content)
    return tuple(out / name for name in files)


def _make_messages(chosen: Sequence[SavedResult], target: Target, options: SendOptions) -> Mapping[str, bytes]:
    identities = _take(options.identities, chosen, "patient")
    write: Callable[[SavedResult, PatientIdentity | None, SendOptions], bytes]
    name, write = (FHIR_FILE, _to_fhir) if target == "fhir" else (HL7_FILE, _to_hl7)
    files = {
        f"{safe_name(one.study)}/{safe_name(one.key)}/{name}": write(one, identities.get(one.study), options)
        for one in chosen
    }
    if len(files) < len(chosen):
        raise InputError("two results are of one series; needed: each series once, so give fewer folders")
    return files


def _to_fhir(result: SavedResult, identity: PatientIdentity | None, options: SendOptions) -> bytes:
    return report_to_fhir(
        result.saved,
        identity=identity,
        pdf=_find_pdf(result, options),
        written_at=options.written_at,
        bundle_type=options.bundle_type,
    )


def _to_hl7(result: SavedResult, identity: PatientIdentity | None, options: SendOptions) -> bytes:
    return report_to_hl7(
        result.saved,
        identity=identity,
        pdf=_find_pdf(result, options),
        route=options.route,
        written_at=options.written_at,
    )


def _find_pdf(result: SavedResult, options: SendOptions) -> bytes | None:
    if not options.with_pdf:
        return None
    try:
        return (result.folder / "report.pdf").read_bytes()
    except OSError as error:
        raise InputError(
            f"{_place(result.folder)} has no report.pdf that can be read; needed: results scored with --pdf"
        ) from error


def _make_tables(chosen: Sequence[SavedResult], target: Target, options: SendOptions) -> Mapping[str, bytes]:
    records = _take(options.records, chosen, "record")
    flat = list(_flatten(chosen, records, every=options.every_series))
    if target == "redcap":
        rows = results_to_redcap(flat, repeating=options.every_series)
        return {"redcap.csv": rows, "redcap_dictionary.csv": write_dictionary()}
    return {"results.csv": results_to_table(flat), "results_columns.csv": list_columns()}


def _flatten(chosen: Sequence[SavedResult], records: Mapping[str, str], *, every: bool) -> Iterator[FlatResult]:
    """Give each result, and what it means for the patient where that was assessed; a record's CT before its film."""
    of_ct = {records.get(one.study, one.study) for one in chosen if one.saved["kind"] == "cac"}
    for one in chosen:
        record = records.get(one.study, one.study)
        yield FlatResult(record=record, saved=one.saved)
        risk = one.folder / "risk.json"
        if risk.is_file() and (every or one.saved["kind"] == "cac" or record not in of_ct):
            yield FlatResult(record=record, saved=_load(risk))


def _take(given: Mapping[str, _Row] | None, chosen: Sequence[SavedResult], what: str) -> Mapping[str, _Row]:
    """Require a row for every study where a table is given."""
    if given is None:
        return MappingProxyType({})
    missing = {result.study for result in chosen} - set(given)
    if missing:
        raise InputError(f"{len(missing)} studies have no {what} in the table; needed: a row for each study")
    return given


def _place(folder: Path) -> str:
    return "/".join(folder.parts[-2:])
