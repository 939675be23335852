"""The finder on simulated scans, against their truth. Its rules were not made on this generation of phantoms.

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
from vascal.simulate.ct.patient import draw_patient
from vascal.simulate.ct.protocol import PROTOCOLS
from vascal.simulate.ct.scan import scan_patient

PATIENTS = range(20, 26)
SCANS = {"gated": PROTOCOLS["gated"], "chest": PROTOCOLS["chest"]}


def vessel_of(lesion: Lesion, truth: tuple[Lesion, ...]) -> str | None:
    """Name the true vessel that a found lesion touches."""
    touched = [other.vessel for other in truth if np.intersect1d(other.index, lesion.index).size]
    return touched[0] if touched else None


def main() -> None:
    print("| field, seed | heart Dice | Agatston found | with true labels | lesions found | true | vessel right |")
    print("|---|---|---|---|---|---|---|")
    for name, seed in ((name, seed) for name in SCANS for seed in PATIENTS):
        thorax = scan_patient(draw_patient(seed), SCANS[name], agatston=250.0)
        anatomy = ThoraxRules().find_anatomy(thorax.volume)
        found, true = anatomy.structures.mask("heart"), thorax.structures.mask("heart")
        dice = 2 * np.count_nonzero(found & true) / (np.count_nonzero(found) + np.count_nonzero(true))
        lesions = find_calcium(thorax.volume, anatomy, AGATSTON_1990).lesions
        truth = find_lesions(find_candidates(thorax.volume, thorax.vessels, AGATSTON_1990), AGATSTON_1990)
        scores = [score_calcium(thorax.volume, group).total.agatston for group in (lesions, truth)]
        right = sum(lesion.vessel == vessel_of(lesion, truth) for lesion in lesions)
        print(
            f"| {name}, {seed} | {dice:.3f} | {scores[0]:.0f} | {scores[1]:.0f} "
            f"| {len(lesions)} | {len(truth)} | {right} |"
        )


if __name__ == "__main__":
    main()
