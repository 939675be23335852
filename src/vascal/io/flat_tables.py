"""Results as tables: for REDCap with its data dictionary, and as a plain CSV with a list of its columns.

References
----------
REDCap's data dictionary has 18 columns in a fixed order; names of variables have lower-case letters, digits and
underscores, at most 26 characters; choices are ``number, label`` with bars between; forms that nobody has checked have
status 1 (unverified). Harris et al., J Biomed Inform 2009;42:377-381, doi:10.1016/j.jbi.2008.08.010.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vascal.errors import InputError
from vascal.io.flat_fields import FlatField
from vascal.io.flat_forms import FORMS, FlatForm
from vascal.io.results import table_to_csv

RECORD = "record_id"
INSTRUMENT, INSTANCE = "redcap_repeat_instrument", "redcap_repeat_instance"
UNVERIFIED = 1
DICTIONARY_COLUMNS = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)",
    "Required Field?", "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
FIELD_TYPES = {"notes": "notes", "yesno": "yesno", "choice": "radio"}
"""Of REDCap; all others are ``text`` with a validation."""
VALIDATIONS = {"number": "number", "integer": "integer", "date": "date_ymd"}
COLUMN_COLUMNS = ("column", "meaning", "kind", "choices", "note")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlatResult:
    """One file of results, and whose it is.

    Parameters
    ----------
    record
        Of the database it goes to: a number of the user's, or the Study Instance UID.
    saved
        Content of a `score.json` or `risk.json`.
    """

    record: str
    saved: Mapping[str, Any]

    @property
    def form(self) -> FlatForm:
        """The form that it fills.

        Raises
        ------
        InputError
            If there is none.
        """
        form = FORMS.get(str(self.saved.get("schema")))
        if form is None:
            raise InputError("a saved result is damaged, or not one that vascal wrote; score it again")
        return form


def results_to_redcap(results: Iterable[FlatResult], *, repeating: bool = False) -> bytes:
    """Write results for REDCap's import of data: numbers stand for choices.

    Parameters
    ----------
    results
        In the order in which they shall be numbered.
    repeating
        Whether forms repeat: a row a result, numbered within its record. Otherwise a row a record.

    Raises
    ------
    InputError
        If a result is damaged, or without `repeating` a record has two results of one kind.
    """
    rows = _number_rows(results) if repeating else _join_rows(results)
    between = (INSTRUMENT, INSTANCE) if repeating else ()
    columns = [RECORD, *between]
    for form in FORMS.values():
        columns += [*(field.name for field in form.fields), f"{form.name}_complete"]
    return table_to_csv(columns, ({name: row.get(name) for name in columns} for row in rows))


def write_dictionary() -> bytes:
    """Write the data dictionary that REDCap needs to know the variables."""
    rows = [_describe(RECORD, next(iter(FORMS.values())), label="Record")]
    for form in FORMS.values():
        rows += [_describe_field(field, form) for field in form.fields]
    return table_to_csv(DICTIONARY_COLUMNS, rows)


def results_to_table(results: Iterable[FlatResult]) -> bytes:
    """Write results as a plain table, a row a record: words stand for choices.

    Raises
    ------
    InputError
        As `results_to_redcap`.
    """
    columns = [RECORD, *(field.name for form in FORMS.values() for field in form.fields)]
    rows = _join_rows(results, in_words=True)
    return table_to_csv(columns, ({name: row.get(name) for name in columns} for row in rows))


def list_columns() -> bytes:
    """List the columns of the plain table with their meaning."""
    rows = [
        {
            "column": field.name,
            "meaning": field.label,
            "kind": field.kind,
            "choices": " | ".join(field.choices or ()),
            "note": field.note,
        }
        for form in FORMS.values()
        for field in form.fields
    ]
    first = {"column": RECORD, "meaning": "Record", "kind": "text", "choices": "", "note": ""}
    return table_to_csv(COLUMN_COLUMNS, [first, *rows])


def _join_rows(results: Iterable[FlatResult], *, in_words: bool = False) -> Sequence[Mapping[str, object]]:
    """Lay all results of a record into one row."""
    rows: dict[str, dict[str, object]] = {}
    for result in results:
        row = rows.setdefault(result.record, {RECORD: result.record})
        if f"{result.form.name}_complete" in row:
            raise InputError(
                f"a record has two results of the form {result.form.name}, and a row holds one; needed: a record each, "
                "or repeated forms (--every-series)"
            )
        row |= _fill(result, in_words=in_words)
    return list(rows.values())


def _number_rows(results: Iterable[FlatResult]) -> Iterator[Mapping[str, object]]:
    """Give each result a row, numbered within its record and form."""
    count: Counter[tuple[str, str]] = Counter()
    for result in results:
        place = result.record, result.form.name
        count[place] += 1
        yield {RECORD: result.record, INSTRUMENT: result.form.name, INSTANCE: count[place], **_fill(result)}


def _fill(result: FlatResult, *, in_words: bool = False) -> dict[str, object]:
    try:
        values = {field.name: _write(field, field.read(result.saved), in_words) for field in result.form.fields}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError("a saved result is damaged, or not one that vascal wrote; score it again") from error
    return {**values, f"{result.form.name}_complete": UNVERIFIED}


def _write(field: FlatField, value: object, in_words: bool) -> object:
    if value is None or in_words:
        return value
    if field.choices is not None:
        return field.choices[str(value)][0]
    return int(bool(value)) if field.kind == "yesno" else value


def _describe_field(field: FlatField, form: FlatForm) -> dict[str, object]:
    choices = " | ".join(f"{number}, {label}" for number, label in (field.choices or {}).values())
    return _describe(
        field.name,
        form,
        label=field.label,
        kind=FIELD_TYPES.get(field.kind, "text"),
        choices=choices,
        note=field.note,
        check=(VALIDATIONS.get(field.kind, ""), field.low, field.high),
        identifier="y" if field.is_identifying else "",
    )


def _describe(
    name: str,
    form: FlatForm,
    *,
    label: str,
    kind: str = "text",
    choices: str = "",
    note: str = "",
    check: tuple[str, float | None, float | None] = ("", None, None),
    identifier: str = "",
) -> dict[str, object]:
    """Give a row of the data dictionary; what is not said stays empty."""
    validation, low, high = check
    filled = {
        "Variable / Field Name": name,
        "Form Name": form.name,
        "Field Type": kind,
        "Field Label": label,
        "Choices, Calculations, OR Slider Labels": choices,
        "Field Note": note,
        "Text Validation Type OR Show Slider Number": validation,
        "Text Validation Min": low,
        "Text Validation Max": high,
        "Identifier?": identifier,
    }
    return {column: filled.get(column) for column in DICTIONARY_COLUMNS}
