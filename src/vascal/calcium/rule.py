"""What counts as calcium, and how much its density weighs.

Every number a paper fixed lives in one frozen `AgatstonRule`, which travels
with the result. A new convention is a new rule, never a branch in the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Real

from vascal.errors import RuleError
from vascal.tube_voltage import REFERENCE_KV, calcium_hu_ratio

Hu = Real[np.ndarray, "..."]
"""CT numbers of any shape, HU."""
Comparison = Literal[">=", ">"]
InPlaneConnectivity = Literal[4, 8]
LesionConnectivity = Literal[6, 18, 26]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgatstonRule:
    """One complete, citable convention for scoring calcium.

    Parameters
    ----------
    name
        How reports call it.
    source
        Publication that defines it.
    threshold_hu
        CT number from which a voxel counts as calcium, HU.
    comparison
        Whether the threshold itself counts (``>=``) or not (``>``).
    weight_edges_hu
        Peaks from which a patch weighs 2, 3 and 4, HU. Below the first: 1.
    min_patch_mm2
        Smallest area of a patch in one slice, mm2. Smaller ones are noise.
    min_patch_pixels
        Smallest number of pixels of a patch.
    in_plane_connectivity
        Pixels join into a patch over edges (4) or edges and corners (8).
    lesion_connectivity
        Voxels join into a lesion over faces (6), edges (18) or corners (26).
        Decides how many lesions there are, never the total score.
    reference_spacing_mm
        Spacing between slices that the score was defined for, mm.
    kvp
        Tube voltage the CT numbers above hold for, kV.
    changed
        Names of fields that a user set by hand; reports show them.
    """

    name: str
    source: str
    threshold_hu: float = 130.0
    comparison: Comparison = ">="
    weight_edges_hu: tuple[float, ...] = (200.0, 300.0, 400.0)
    min_patch_mm2: float = 1.0
    min_patch_pixels: int = 1
    in_plane_connectivity: InPlaneConnectivity = 8
    lesion_connectivity: LesionConnectivity = 26
    reference_spacing_mm: float = 3.0
    kvp: float = REFERENCE_KV
    changed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        numbers = (self.threshold_hu, *self.weight_edges_hu, self.min_patch_mm2, self.reference_spacing_mm, self.kvp)
        if not np.all(np.isfinite(numbers)):
            raise RuleError(f"every number of a rule must be finite; found {numbers}")
        if list(self.weight_edges_hu) != sorted(set(self.weight_edges_hu)):
            raise RuleError(f"weight edges must ascend; found {self.weight_edges_hu}")
        if self.min_patch_mm2 < 0 or self.min_patch_pixels < 1 or self.reference_spacing_mm <= 0:
            raise RuleError("minimum area, minimum pixels and reference spacing must be positive")
        if self.in_plane_connectivity == 8 and self.lesion_connectivity == 6:
            raise RuleError("patches joined over corners (8) would be torn by lesions joined over faces (6)")

    def is_calcium(self, hu: Hu) -> np.ndarray:
        """Mark the voxels that reach the threshold."""
        return np.asarray(hu >= self.threshold_hu if self.comparison == ">=" else hu > self.threshold_hu)

    def weight(self, peak_hu: Hu) -> np.ndarray:
        """Give the density weight, 1 to 4, of patches with these peaks.

        Examples
        --------
        >>> AGATSTON_1990.weight(np.array([130, 199, 200, 300, 399, 400], dtype=np.int16))
        array([1, 1, 2, 3, 3, 4])
        """
        return np.asarray(1 + np.searchsorted(self.weight_edges_hu, peak_hu, side="right"))


AGATSTON_1990 = AgatstonRule(
    name="agatston-1990",
    source="Agatston et al., J Am Coll Cardiol 1990;15:827-832, doi:10.1016/0735-1097(90)90282-T",
)
"""At least 130 HU, patches of at least 1 mm2 joined over edges and corners."""

ORCASCORE = AgatstonRule(
    name="orcascore",
    source="Wolterink et al., Med Phys 2016;43:2361-2373, doi:10.1118/1.4945696 (evaluation rules of the challenge)",
    comparison=">",
    min_patch_mm2=0.0,
    in_plane_connectivity=4,
    lesion_connectivity=6,
)
"""Above 130 HU, three-dimensional lesions joined over faces, no minimum size."""

FOUR_PIXELS = AgatstonRule(
    name="four-pixels",
    source="van Ooijen et al., Eur Radiol 2005;15:102-110, doi:10.1007/s00330-004-2479-x (minimum of 4 pixels)",
    min_patch_mm2=0.0,
    min_patch_pixels=4,
)
"""As 1990, but the smallest patch is counted in pixels: 4, whatever their size."""

AGATSTON_KVP = AgatstonRule(
    name="agatston-kvp",
    source=(
        "Agatston 1990 with threshold and weight edges scaled by the CT number of calcium at this tube voltage "
        "relative to 120 kVp; principle: Graeni et al. 2018, doi:10.1093/ehjci/jey019"
    ),
)
"""As 1990 at 120 kVp; `rule_at` scales its CT numbers to another tube voltage."""

RULES: Mapping[str, AgatstonRule] = MappingProxyType(
    {rule.name: rule for rule in (AGATSTON_1990, AGATSTON_KVP, ORCASCORE, FOUR_PIXELS)}
)


def adapt_rule(rule: AgatstonRule, kvp: float) -> AgatstonRule:
    """Scale the threshold *and* the weight edges of a rule to a tube voltage.

    Scaling only the threshold leaves a bias of +30 % at 70 kVp, since the
    edges then weigh the same plaque more.

    Parameters
    ----------
    rule
        A rule that holds at 120 kVp.
    kvp
        Tube voltage of the scan, kV, from 70 to 150.

    Raises
    ------
    RuleError
        If the voltage is outside 70 to 150 kVp, or the rule is already adapted.
    """
    if rule.kvp != REFERENCE_KV:
        raise RuleError(f"rule {rule.name} already holds for {rule.kvp:g} kVp")
    ratio = calcium_hu_ratio(kvp)
    return replace(
        rule,
        threshold_hu=rule.threshold_hu * ratio,
        weight_edges_hu=tuple(edge * ratio for edge in rule.weight_edges_hu),
        kvp=float(kvp),
    )


def choose_rule(kvp: float | None, name: str | None = None) -> AgatstonRule:
    """Pick the rule for a scan.

    Parameters
    ----------
    kvp
        Tube voltage, kV; None if unknown, which is taken as 120.
    name
        A named rule, or None to let the tube voltage decide: ``agatston-1990``
        at 120 kVp, else ``agatston-kvp``. A rule named by the user is never
        swapped, so 120 kVp scoring of any scan stays available.

    Raises
    ------
    RuleError
        If no rule has this name, or the voltage is outside 70 to 150 kVp.
    """
    if name is None:
        name = AGATSTON_1990.name if kvp is None or kvp == REFERENCE_KV else AGATSTON_KVP.name
    if name not in RULES:
        raise RuleError(f"no rule is called {name!r}; there are {', '.join(RULES)}")
    rule = RULES[name]
    if name != AGATSTON_KVP.name or kvp is None:
        return rule
    return adapt_rule(rule, kvp)


def override_rule(
    rule: AgatstonRule,
    *,
    threshold_hu: float | None = None,
    min_patch_mm2: float | None = None,
    min_patch_pixels: int | None = None,
) -> AgatstonRule:
    """Replace numbers of a rule by hand, and remember which.

    Raises
    ------
    RuleError
        If the result contradicts itself.
    """
    wanted = {"threshold_hu": threshold_hu, "min_patch_mm2": min_patch_mm2, "min_patch_pixels": min_patch_pixels}
    changes = {name: value for name, value in wanted.items() if value is not None}
    if not changes:
        return rule
    return replace(rule, changed=(*rule.changed, *changes), **changes)  # type: ignore[arg-type]
