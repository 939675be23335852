"""Colours of vessels: told apart by colour-blind readers too.

Source: Okabe & Ito, Color Universal Design, 2008; their green is brighter here, so that it stands out from grey and,
for those who see no green, from their purple. Every mark also carries its
lesion's number, so that nothing depends on colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VESSEL_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "LM": "#cc79a7",
        "LAD": "#e69f00",
        "LCX": "#56b4e9",
        "RCA": "#2bd57f",
        "unassigned": "#f0e442",
    }
)
OTHER_COLOUR = "#d55e00"
HEART_COLOUR = "#8fa3b8"
REJECTED_COLOUR = "#a8a8a8"

WALL_COLOURS: Mapping[str, str] = MappingProxyType({"anterior": "#56b4e9", "posterior": "#e69f00"})
"""Walls of the aorta; their names stand beside them wherever they are drawn."""
VERTEBRA_COLOUR = "#8fa3b8"


def colour_of(vessel: str) -> str:
    """Give the colour of a vessel, as ``#rrggbb``."""
    return VESSEL_COLOURS.get(vessel, OTHER_COLOUR)
