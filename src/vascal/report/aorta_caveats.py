"""What a reader must know before trusting the score of an aorta on CT; as elsewhere, a caveat changes no number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vascal.anatomy.aorta_parts import AortaFound
from vascal.calcium.aorta import AorticBlood
from vascal.calcium.rule import AgatstonRule
from vascal.report.caveats import GRAVITY, Caveat
from vascal.study import Series
from vascal.volume import Volume

THICK_SLICE_MM = 3.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AortaCircumstances:
    """Everything caveats of an aorta are drawn from; `volume` is the CT, turned."""

    series: Series
    volume: Volume
    found: AortaFound
    blood: AorticBlood
    rules: Mapping[str, AgatstonRule]


def find_aorta_caveats(seen: AortaCircumstances) -> tuple[Caveat, ...]:
    """List what a reader must know of this result, gravest first."""
    found = [
        *_blood(seen.blood, seen.rules),
        *_finder(seen.found),
        *_levels(seen.found),
        *_slices(seen.volume),
        *(Caveat(code="finder-note", message=note, severity="info") for note in seen.found.notes),
        *(Caveat(code="series-note", message=note, severity="info") for note in seen.series.notes),
        Caveat(code="not-a-medical-device", message="For research. Not a medical device.", severity="info"),
    ]
    return tuple(sorted(found, key=lambda caveat: GRAVITY.index(caveat.severity)))


def _blood(blood: AorticBlood, rules: Mapping[str, AgatstonRule]) -> Iterator[Caveat]:
    if blood.phase != "none":
        levels = " and ".join(sorted({f"{rule.threshold_hu:g} HU" for rule in rules.values()}))
        yield Caveat(
            code="contrast",
            message=f"Blood in the aorta is contrast-enhanced ({blood.median_hu:.0f} HU, {blood.phase}): calcium "
            f"counts from {levels}. Less dense calcium is missed; this is no Agatston score.",
        )
    lowest = min(rule.threshold_hu for rule in rules.values())
    if blood.median_hu + 3 * blood.sd_hu >= lowest:
        yield Caveat(
            code="blood-above-threshold",
            message=f"Blood of {blood.median_hu:.0f} HU with a noise of {blood.sd_hu:.0f} HU reaches the threshold "
            f"of {lowest:g} HU: blood may be counted as calcium.",
            severity="critical",
        )


def _finder(found: AortaFound) -> Iterator[Caveat]:
    if found.labels is None:
        yield Caveat(code="found-by-rules", message="Aorta and levels were found automatically. Check the picture.")
    if found.thorax is not None:
        yield Caveat(
            code="learned-thorax",
            message="Ascending aorta, arch and part of the descending aorta were outlined by a network that learned on "
            "simulated scans only; its outline strays by some millimetres.",
        )


def _levels(found: AortaFound) -> Iterator[Caveat]:
    if not found.vertebrae.levels:
        yield Caveat(code="levels-unknown", message="Vertebral levels are not known: no grade by level is given.")
    elif found.vertebrae.source == "sacrum":
        yield Caveat(
            code="levels-counted",
            message="Levels were counted from the sacrum, for five lumbar vertebrae (confidence "
            f"{found.vertebrae.confidence:.1f}, a prior): in a lumbosacral variant all are one off.",
            severity="info",
        )


def _slices(volume: Volume) -> Iterator[Caveat]:
    spacing = volume.grid.spacing_between_slices_mm
    if spacing > THICK_SLICE_MM:
        yield Caveat(code="thick-slices", message=f"Slices every {spacing:g} mm; the score is defined for 3 mm.")
