"""How much calcium patients get: the percentiles of a cohort, and plaques that add up."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.simulate.ct.burden import draw_agatston, draw_plaques, mass_for_agatston
from vascal.simulate.ct.patient import Sex, SimulatedPatient, draw_patient
from vascal.simulate.ct.sites import SITES

BRANCHES = ("LM", "LAD", "D1", "D2", "LCX", "OM1", "OM2", "RCA", "right PDA")
HEINZ_NIXDORF: dict[Sex, tuple[float, ...]] = {"M": (2.3, 41.0, 192.6, 557.0), "F": (0.0, 1.0, 24.5, 139.8)}


@pytest.mark.parametrize("sex", ["M", "F"])
def test_scores_that_are_aimed_at_have_the_percentiles_of_the_cohort(sex: Sex) -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_agatston(rng, draw_patient(seed, sex=sex)) for seed in range(4000)]
    for wanted, got in zip(HEINZ_NIXDORF[sex], np.percentile(drawn, (25, 50, 75, 90)), strict=True):
        # The fourth root is what is normal: compared there, a tenth of its spread is the noise of the draw.
        assert got**0.25 == pytest.approx(wanted**0.25, abs=0.35 if wanted > 1 else 1.1)


def test_older_patients_have_more() -> None:
    rng = np.random.default_rng(2)
    means = [
        np.mean([draw_agatston(rng, SimulatedPatient(age_years=age)) ** 0.25 for _ in range(600)])
        for age in (45.0, 60.0, 75.0)
    ]
    assert means[0] < means[1] < means[2]


def test_plaques_weigh_what_the_score_asks_for_and_lie_on_known_branches() -> None:
    patient = SimulatedPatient(seed=5, age_years=70.0)
    for goal in (10.0, 200.0, 1500.0):
        plaques = [p for p in draw_plaques(3, patient, BRANCHES, agatston=goal) if p.site not in SITES]
        assert {p.site for p in plaques} <= set(BRANCHES)
        assert sum(p.mass_mg for p in plaques) == pytest.approx(mass_for_agatston(goal), rel=0.15)


def test_no_coronary_calcium_where_none_is_asked_for() -> None:
    patient = SimulatedPatient(seed=5, age_years=80.0)
    assert all(p.site in SITES for p in draw_plaques(3, patient, BRANCHES, agatston=0.0))


def test_a_seed_gives_the_same_plaques() -> None:
    patient = draw_patient(9)
    assert draw_plaques(9, patient, BRANCHES) == draw_plaques(9, patient, BRANCHES)
    assert draw_plaques(9, patient, BRANCHES, agatston=90.0) != draw_plaques(10, patient, BRANCHES, agatston=90.0)
