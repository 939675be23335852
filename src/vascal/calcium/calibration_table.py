"""Mass calibration by scanner and protocol, from a table the user supplies.

No such table ships with vascal: the published one (McCollough et al., Radiology
2007;243:527-538) could not be read in full, and factors are not to be guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from vascal.calcium.mass import Calibration
from vascal.errors import RuleError
from vascal.study import Acquisition


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRow:
    """One row: a factor and the scans it holds for. An empty cell holds for any."""

    factor_mg_cm3_per_hu: float
    manufacturer: str = ""
    model: str = ""
    kvp: float | None = None
    kernel: str = ""
    source: str = ""

    def matches(self, acquisition: Acquisition) -> bool:
        """Tell whether the row holds for a scan; text compares without case, the maker by its beginning."""
        maker = (acquisition.manufacturer or "").casefold()
        kernels = {kernel.casefold() for kernel in acquisition.kernels}
        return (
            maker.startswith(self.manufacturer.casefold())
            and self.model.casefold() in ("", (acquisition.model or "").casefold())
            and self.kvp in (None, acquisition.kvp)
            and (not self.kernel or self.kernel.casefold() in kernels)
        )

    @property
    def detail(self) -> str:
        """Say in words which scans the row holds for."""
        kvp = "" if self.kvp is None else f"{self.kvp:g} kVp"
        return " ".join(part for part in (self.manufacturer, self.model, kvp, self.kernel, self.source) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationTable:
    """Rows in the order of the file."""

    rows: tuple[CalibrationRow, ...]


def look_up_calibration(table: CalibrationTable, acquisition: Acquisition) -> Calibration:
    """Take the first row that holds for a scan: put special rows before general ones.

    Raises
    ------
    RuleError
        If no row does; a guessed factor would be a wrong mass.
    """
    for row in table.rows:
        if row.matches(acquisition):
            return Calibration(factor_mg_cm3_per_hu=row.factor_mg_cm3_per_hu, source="table", detail=row.detail)
    kernels = "/".join(acquisition.kernels)
    raise RuleError(
        f"no row of the calibration table holds for {acquisition.manufacturer} {acquisition.model}, "
        f"{acquisition.kvp} kVp, kernel {kernels}; add one, or a last row with empty cells"
    )
