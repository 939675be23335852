"""How much calcium a simulated patient has, and where.

Coronary calcium follows the Heinz Nixdorf Recall cohort: the fourth root of the
Agatston score is close to normal, cut off at zero, and grows with age (Erbel et
al., Eur Heart J 2014;35:2960-2971, doi:10.1093/eurheartj/ehu288, table 1: its 25th,
50th, 75th and 90th percentiles are 2.3, 41.0, 192.6 and 557.0 in men and 0, 1.0, 24.5
and 139.8 in women; mean ages of the groups give the correlation with age).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.plaques import Plaque, PlaqueKind

MEAN_AGE_YEARS, AGE_SD_YEARS = 59.3, 7.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Distribution of the fourth root of the Agatston score in one sex."""

    median: float
    sd: float
    age_correlation: float


PRIORS: Mapping[str, Prior] = {
    "M": Prior(median=2.53, sd=1.84, age_correlation=0.37),
    "F": Prior(median=1.00, sd=1.86, age_correlation=0.41),
}
LEAST_AGATSTON = 1.0
"""Below this a plaque would not be seen."""
AGATSTON_PER_MG: Mapping[float, float] = {
    1: 0.35, 2: 0.45, 6: 0.9, 20: 1.65, 60: 2.0, 200: 2.5, 600: 3.05, 1500: 3.7
}  # fmt: skip
"""Score that a mg of the plaques drawn here gives, at scores of a patient: little calcium is mostly lost to
partial volume. Set so that the median score measured at 120 kVp and 3 mm is the score aimed at (`bench/accuracy`)."""
KINDS: tuple[PlaqueKind, ...] = ("spotty", "linear", "annular", "nodular")
# How often each branch is hit, and how far along: after the distribution of calcium over vessels
# in population studies (LAD about half of all, then RCA, LCX, LM), proximal before distal.
BRANCH_SHARES: Mapping[str, float] = {
    "LM": 0.07, "LAD": 0.40, "D1": 0.06, "D2": 0.02, "LCX": 0.14, "OM1": 0.04, "RCA": 0.24, "right PDA": 0.02,
    "left PDA": 0.01,
}  # fmt: skip
# Share of patients of 60 years with calcium there, its growth with each year of age, and the mass, mg.
OTHER_SHARES: Mapping[str, tuple[float, float, float]] = {
    "aortic valve": (0.18, 0.012, 25.0),
    "mitral annulus": (0.08, 0.008, 60.0),
    "ascending aorta": (0.20, 0.010, 20.0),
    "aortic arch": (0.50, 0.018, 60.0),
    "descending aorta": (0.40, 0.018, 60.0),
    "abdominal aorta": (0.60, 0.018, 120.0),
    "left iliac artery": (0.50, 0.018, 80.0),
    "right iliac artery": (0.50, 0.018, 80.0),
    "pericardium": (0.01, 0.0, 80.0),
    "lymph node": (0.10, 0.002, 40.0),
    "costal cartilage": (0.55, 0.012, 60.0),
    "bronchus": (0.15, 0.010, 10.0),
}


def draw_agatston(rng: np.random.Generator, patient: SimulatedPatient) -> float:
    """Draw the coronary Agatston score that a patient of this age and sex might have."""
    prior = PRIORS[patient.sex]
    r = prior.age_correlation
    years = (patient.age_years - MEAN_AGE_YEARS) / AGE_SD_YEARS
    latent = prior.median + prior.sd * (r * years + np.sqrt(1 - r**2) * rng.standard_normal())
    score = max(0.0, float(latent)) ** 4
    return score if score >= LEAST_AGATSTON else 0.0


def draw_plaques(
    seed: int, patient: SimulatedPatient, branches: tuple[str, ...], *, agatston: float | None = None
) -> tuple[Plaque, ...]:
    """Draw all calcium of one patient.

    Parameters
    ----------
    seed
        The same seed gives the same plaques.
    patient
        Age and sex decide how much.
    branches
        Coronary branches this patient has.
    agatston
        Coronary score to aim at; drawn unless given.
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0xCA)))
    drawn = draw_agatston(rng, patient)
    goal = drawn if agatston is None else agatston
    coronary = _coronary_plaques(rng, goal, branches) if goal > 0 else []
    return (*coronary, *_other_plaques(rng, patient))


def mass_for_agatston(agatston: float) -> float:
    """Give the coronary mass, mg, whose score will be about this under the routine protocol.

    Examples
    --------
    >>> round(mass_for_agatston(200), 1)
    80.0
    """
    scores = np.array(list(AGATSTON_PER_MG), dtype=float)
    per_mg = np.interp(np.log(agatston), np.log(scores), list(AGATSTON_PER_MG.values()))
    return agatston / float(per_mg)


def _coronary_plaques(rng: np.random.Generator, agatston: float, branches: tuple[str, ...]) -> list[Plaque]:
    count = max(1, int(rng.poisson(0.9 * agatston**0.42)))
    shares = rng.dirichlet(np.full(count, 0.8))
    masses = np.maximum(mass_for_agatston(agatston) * shares, 0.05)
    names = [name for name in BRANCH_SHARES if name in branches]
    odds = np.array([BRANCH_SHARES[name] for name in names])
    return [draw_plaque(rng, str(rng.choice(names, p=odds / odds.sum())), float(mass)) for mass in masses]


def draw_plaque(rng: np.random.Generator, site: str, mass_mg: float) -> Plaque:
    """Small plaques are spots; large ones are longer and denser."""
    large = float(np.clip(np.log10(max(mass_mg, 0.1)) + 0.3, 0, 2))
    odds = np.array((1.0, 0.6 * large, 0.25 * large, 0.35 * large))
    kind = KINDS[int(rng.choice(4, p=odds / odds.sum()))]
    density = float(np.clip(rng.lognormal(np.log(330 + 90 * large), 0.3), 150, 950))
    position = float(rng.beta(1.3, 2.6)) if site != "LM" else float(rng.uniform(0.2, 1.0))
    return Plaque(
        site=site,
        mass_mg=round(mass_mg, 4),
        density_mg_cm3=round(density, 1),
        position=round(position, 4),
        kind=kind,
        angle_deg=round(float(rng.uniform(0, 360)), 1),
    )


def _other_plaques(rng: np.random.Generator, patient: SimulatedPatient) -> list[Plaque]:
    plaques: list[Plaque] = []
    for site, (share, growth, mass_mg) in OTHER_SHARES.items():
        chance = float(np.clip(share + growth * (patient.age_years - 60), 0.0, 0.97))
        count = int(rng.poisson(2.0)) + 1 if rng.random() < chance else 0
        for _ in range(count):
            drawn = draw_plaque(rng, site, float(mass_mg / 3 * rng.lognormal(0, 0.9)))
            plaques.append(drawn)
    return plaques
