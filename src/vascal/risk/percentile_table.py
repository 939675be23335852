"""Percentiles from a table that the user brings, such as one licensed from a cohort's owner.

A row says: of this sex, ethnicity and age, so many percent have a lower score than this. What
contradicts itself is refused, with the lines of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, pairwise

from vascal.errors import MissingInputError, OutOfRangeError, TableError
from vascal.risk.percentile import (
    GROUPS,
    AgeBand,
    Percentile,
    PercentileReference,
    Quantiles,
    find_percentile_among,
)
from vascal.risk.profile import Ethnicity, Sex

SHOWN = 8
"""Faults named in a message; a file of thousands would bury it."""
MOST_AGATSTON = 50_000.0
"""More than any published score: a number above it stands in the wrong column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileRow:
    """One line of a user's table.

    Parameters
    ----------
    reference
        Name of the population, such as ``MESA 2006``.
    sex, ethnicity
        Of the peers; ethnicity None stands for any.
    band
        Ages of the peers.
    percentile
        Percent of the peers with a lower score, above 0 and below 100.
    agatston
        The score there.
    line
        In the file; for messages.
    """

    reference: str
    sex: Sex
    ethnicity: Ethnicity | None
    band: AgeBand
    percentile: float
    agatston: float
    line: int

    @property
    def peers(self) -> tuple[str, str, str]:
        """Whom the row is about, but for age; in the order in which tables are sorted."""
        return self.reference, self.sex, self.ethnicity or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileGroup:
    """Peers of one sex, ethnicity (None: any) and age band, and their quantiles."""

    reference: str
    sex: Sex
    ethnicity: Ethnicity | None
    band: AgeBand
    quantiles: Quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileTable:
    """A user's table: one population or several.

    Parameters
    ----------
    groups
        By reference, sex, ethnicity and age.
    source
        Name of the file.
    """

    groups: tuple[PercentileGroup, ...]
    source: str

    @property
    def references(self) -> tuple[str, ...]:
        """Names of the populations."""
        return tuple(dict.fromkeys(group.reference for group in self.groups))


def build_percentile_table(rows: Iterable[PercentileRow], source: str) -> PercentileTable:
    """Sort the rows of a table into groups.

    Parameters
    ----------
    rows
        In any order.
    source
        Name of the file, for messages and for the report.

    Raises
    ------
    TableError
        If there are no rows; for numbers that can not be; where a percentile is given twice, a group has less than
        two, scores fall while percentiles rise, or age bands overlap. Names the lines.
    """
    ordered = sorted(rows, key=lambda row: (*row.peers, row.band.low, row.band.high, row.percentile))
    if not ordered:
        raise TableError(f"{source} has no rows of percentiles")
    _refuse(source, _find_wrong_numbers(ordered))
    by_band = [list(group) for _, group in groupby(ordered, key=lambda row: (row.peers, row.band.low, row.band.high))]
    _refuse(source, (fault for group in by_band for fault in _find_faults(group)))
    _refuse(source, _find_overlaps(by_band))
    return PercentileTable(groups=tuple(map(_group_of, by_band)), source=source)


def find_table_percentile(
    table: PercentileTable,
    agatston: float,
    *,
    age_years: float,
    sex: Sex,
    ethnicity: Ethnicity | None = None,
    reference: str | None = None,
) -> Percentile:
    """Place a score among the peers of a user's table.

    Parameters
    ----------
    table
        From `build_percentile_table`.
    agatston
        Total Agatston score, 0 or more.
    age_years, sex, ethnicity
        Of the patient. Peers of the same ethnicity go before those of any.
    reference
        Which population, where the table holds several.

    Raises
    ------
    MissingInputError
        If the table tells ethnicities apart and the patient's is not known.
    OutOfRangeError
        If no peers are covered, the population is not in the table, or the score can not be.
    """
    name = _require_reference(table, reference)
    same_sex = [group for group in table.groups if (group.reference, group.sex) == (name, sex)]
    group = _choose(same_sex, age_years, sex, ethnicity, name)
    who = GROUPS[sex] if group.ethnicity is None else f"{group.ethnicity.title()} {GROUPS[sex]}"
    described = PercentileReference(
        name=name, title=name, population=f"as {table.source} says", source=f"table given by the user: {table.source}"
    )
    return find_percentile_among(
        agatston, group.quantiles, reference=described, age_band=f"{who} of {group.band} years"
    )


def _require_reference(table: PercentileTable, reference: str | None) -> str:
    known = table.references
    if reference is None and len(known) == 1:
        return known[0]
    if reference not in known:
        found = "no population" if reference is None else repr(reference)
        raise OutOfRangeError(f"{found} was named; {table.source} has {', '.join(known)}")
    return reference


def _choose(
    groups: Sequence[PercentileGroup], age_years: float, sex: Sex, ethnicity: Ethnicity | None, name: str
) -> PercentileGroup:
    """Find the patient's peers, those of the same ethnicity before those of any."""
    covering = [group for group in groups if group.band.covers(age_years)]
    if not covering:
        bands = ", ".join(dict.fromkeys(str(group.band) for group in groups)) or "no ages"
        raise OutOfRangeError(f"{GROUPS[sex]} of {age_years:g} years; {name} has {bands} for {GROUPS[sex]}")
    for wanted in (ethnicity, None):
        for group in covering:
            if group.ethnicity == wanted:
                return group
    known = ", ".join(dict.fromkeys(str(group.ethnicity) for group in covering))
    if ethnicity is None:
        raise MissingInputError(f"{name} also needs ethnicity; it has {known}")
    raise OutOfRangeError(f"ethnicity {ethnicity}; {name} has {known}")


def _group_of(rows: Sequence[PercentileRow]) -> PercentileGroup:
    first = rows[0]
    return PercentileGroup(
        reference=first.reference,
        sex=first.sex,
        ethnicity=first.ethnicity,
        band=first.band,
        quantiles=tuple((float(row.percentile), float(row.agatston)) for row in rows),
    )


def _refuse(source: str, faults: Iterable[str]) -> None:
    found = list(faults)
    if found:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise TableError(f"{source}: {'; '.join(found[:SHOWN])}{more}")


_CHECKS: tuple[tuple[Callable[[PercentileRow], bool], str], ...] = (
    (lambda row: bool(row.reference.strip()), "reference is empty"),
    (lambda row: 0 < row.percentile < 100, "percentile is not above 0 and below 100"),
    (lambda row: 0 <= row.agatston <= MOST_AGATSTON, f"agatston is not 0 to {MOST_AGATSTON:g}"),
    (lambda row: 0 <= row.band.low <= row.band.high <= 120, "age_low to age_high is no span of ages from 0 to 120"),
)


def _find_wrong_numbers(rows: Iterable[PercentileRow]) -> Iterator[str]:
    for row in sorted(rows, key=lambda row: row.line):
        yield from (f"line {row.line}: {fault}" for is_right, fault in _CHECKS if not is_right(row))


def _find_faults(rows: Sequence[PercentileRow]) -> Iterator[str]:
    """Look at the rows of one group, by rising percentile."""
    if len(rows) == 1:
        yield f"line {rows[0].line}: the only percentile of its group; two or more are needed"
    for before, after in pairwise(rows):
        if before.percentile == after.percentile:
            lines = sorted((before.line, after.line))
            yield f"lines {lines[0]} and {lines[1]}: percentile {after.percentile:g} of one group twice"
        elif before.agatston > after.agatston:
            yield (
                f"line {after.line}: {after.agatston:g} at percentile {after.percentile:g} is less than "
                f"{before.agatston:g} at {before.percentile:g} (line {before.line})"
            )


def _find_overlaps(groups: Iterable[Sequence[PercentileRow]]) -> Iterator[str]:
    for _, same in groupby(groups, key=lambda rows: rows[0].peers):
        for one, other in combinations([rows[0] for rows in same], 2):
            if other.band.low <= one.band.high:  # one begins no later: groups are sorted
                yield f"lines {one.line} and {other.line}: ages {one.band} and {other.band} of one group overlap"
