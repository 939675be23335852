"""`vascal export`: saved results as files for other systems."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from vascal.errors import OutputError, VascalError
from vascal.io.hl7_report import Route
from vascal.io.patient_identity import read_identities, read_record_ids
from vascal.result_export import MESSAGES, ReadResults, SendOptions, Target, export_results, read_results

Results = Annotated[
    list[Path], typer.Argument(help="Folders that `vascal score` wrote, or their score.json.", exists=True)
]
To = Annotated[Target, typer.Option("--to", help="redcap, csv: one table for all. fhir, hl7: a file for each result.")]
Into = Annotated[
    Path | None,
    typer.Option("--into", help="Folder to write into; export/ in the first folder unless given."),
]
PatientIds = Annotated[
    Path | None,
    typer.Option(
        help="For fhir and hl7: CSV with columns study, patient_id and, as known, name, issuer, id_system, birth_date, "
        "sex, accession_number. Without it the patient is not named.",
        exists=True,
        dir_okay=False,
    ),
]
RecordIds = Annotated[
    Path | None,
    typer.Option(
        help="For redcap and csv: CSV with columns study and record_id; the Study Instance UID unless given.",
        exists=True,
        dir_okay=False,
    ),
]
Every = Annotated[bool, typer.Option("--every-series", help="All series of a study, not only the one to quote.")]
Transaction = Annotated[
    bool, typer.Option("--transaction", help="For fhir: a bundle that a server takes in by POST. States the moment.")
]
Stamp = Annotated[
    bool, typer.Option("--stamp", help="State the present moment; otherwise the same results give the same bytes.")
]
Pdf = Annotated[bool, typer.Option("--pdf", help="For fhir and hl7: put in the report.pdf beside the result.")]
Receiver = Annotated[
    str, typer.Option(help="For hl7: application that receives, and its facility behind a comma.", metavar="NAME,PLACE")
]
Processing = Annotated[
    Literal["P", "T", "D"], typer.Option(help="For hl7: production, training or debugging.", metavar="P|T|D")
]


def export(  # noqa: PLR0917
    results: Results,
    to: To,
    into: Into = None,
    patient_ids: PatientIds = None,
    record_ids: RecordIds = None,
    every_series: Every = False,
    transaction: Transaction = False,
    stamp: Stamp = False,
    pdf: Pdf = False,
    receiver: Receiver = "",
    processing: Processing = "P",
) -> None:
    """Write saved results for other systems: REDCap, a plain table, FHIR R4 or HL7 v2.

    Takes the series to quote of each study and writes files; nothing is sent. redcap: redcap.csv and
    redcap_dictionary.csv. csv: results.csv and results_columns.csv. fhir, hl7: STUDY/SERIES/fhir.json or oru.hl7.
    All results are preliminary: a person has to verify them. Exit status: 0 written, 1 some results are damaged or
    nothing could be written, 2 bad usage.
    """
    _require_sense(to, patient_ids, record_ids, transaction=transaction, pdf=pdf)
    try:
        found = read_results(results)
        options = SendOptions(
            identities=None if patient_ids is None else read_identities(patient_ids),
            records=None if record_ids is None else read_record_ids(record_ids),
            every_series=every_series,
            bundle_type="transaction" if transaction else "collection",
            route=_read_route(receiver, processing),
            written_at=datetime.now().astimezone() if stamp or transaction else None,
            with_pdf=pdf,
        )
        written = export_results(found.results, to, into or _find_place(results[0]), options)
    except OutputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    raise typer.Exit(_say(found, written))


def _require_sense(
    to: Target, patient_ids: Path | None, record_ids: Path | None, *, transaction: bool, pdf: bool
) -> None:
    """Refuse options that the target has no use for."""
    is_message = to in MESSAGES
    useless = {
        "--patient-ids": patient_ids is not None and not is_message,
        "--pdf": pdf and not is_message,
        "--record-ids": record_ids is not None and is_message,
        "--transaction": transaction and to != "fhir",
    }
    if wrong := [name for name, applies in useless.items() if applies]:
        raise typer.BadParameter(f"{', '.join(wrong)} has no meaning with --to {to}")


def _read_route(receiver: str, processing: str) -> Route:
    name, _, place = receiver.partition(",")
    return Route(receiver=name.strip(), receiver_place=place.strip(), processing=processing)


def _find_place(first: Path) -> Path:
    return (first if first.is_dir() else first.parent) / "export"


def _say(found: ReadResults, written: tuple[Path, ...]) -> int:
    """Say what was written and what was not; give the exit status."""
    for fault in found.damaged:
        typer.echo(f"not written: {fault}", err=True)
    if found.passed_over:
        typer.echo(f"{found.passed_over} results of other kinds were left out", err=True)
    shown = written if len(written) <= 2 else (written[0], Path("..."), written[-1])
    typer.echo("\n".join(str(path) for path in shown))
    counted = f"{_count(len(written), 'file')} from {_count(len(found.results), 'result')}"
    typer.echo(f"{counted}; preliminary until a person verifies them")
    return 1 if found.damaged else 0


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
