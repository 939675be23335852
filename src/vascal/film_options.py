"""Everything a user may choose about grading films."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmOptions:
    """Everything a user may choose.

    Parameters
    ----------
    model
        Folder with other networks than the embedded ones.
    spacing_mm
        Side of a pixel for films whose header does not say, mm.
    """

    model: Path | None = None
    spacing_mm: float | None = None

    def as_text(self) -> tuple[tuple[str, str], ...]:
        """List the options that were set, for provenance; a folder by its name only."""
        named = {"film_model": self.model and self.model.name, "film_spacing_mm": self.spacing_mm}
        return tuple((name, str(value)) for name, value in named.items() if value is not None)
