"""The finder on simulated scans, against their truth. Simulated, and the kind it was developed on.

python -m bench.simulated_finding
"""

from __future__ import annotations

import numpy as np

from vascal.anatomy.thorax import ThoraxRules
from vascal.calcium.candidates import find_candidates
from vascal.calcium.finding import find_calcium
from vascal.calcium.lesions import Lesion, find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium
from vascal.simulate.ct.phantom import ThoraxPlan, simulate_thorax

PLANS = tuple(
    ThoraxPlan(seed=seed, shape=shape, spacing_mm=spacing, field=field)
    for field, shape, spacing in (
        ("cardiac", (60, 256, 256), (3.0, 0.78, 0.78)),
        ("chest", (110, 256, 256), (3.0, 1.4, 1.4)),
    )
    for seed in range(6)
)


def vessel_of(lesion: Lesion, truth: tuple[Lesion, ...]) -> str | None:
    """Name the true vessel that a found lesion touches."""
    touched = [other.vessel for other in truth if np.intersect1d(other.index, lesion.index).size]
    return touched[0] if touched else None


def main() -> None:
    print("| field, seed | heart Dice | Agatston found | with true labels | lesions found | true | vessel right |")
    print("|---|---|---|---|---|---|---|")
    for plan in PLANS:
        thorax = simulate_thorax(plan)
        anatomy = ThoraxRules().find_anatomy(thorax.volume)
        found, true = anatomy.structures.mask("heart"), thorax.structures.mask("heart")
        dice = 2 * np.count_nonzero(found & true) / (np.count_nonzero(found) + np.count_nonzero(true))
        lesions = find_calcium(thorax.volume, anatomy, AGATSTON_1990).lesions
        truth = find_lesions(find_candidates(thorax.volume, thorax.vessels, AGATSTON_1990), AGATSTON_1990)
        scores = [score_calcium(thorax.volume, group).total.agatston for group in (lesions, truth)]
        right = sum(lesion.vessel == vessel_of(lesion, truth) for lesion in lesions)
        print(
            f"| {plan.field}, {plan.seed} | {dice:.3f} | {scores[0]:.0f} | {scores[1]:.0f} "
            f"| {len(lesions)} | {len(truth)} | {right} |"
        )


if __name__ == "__main__":
    main()
