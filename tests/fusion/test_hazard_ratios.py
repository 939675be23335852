"""Ratios for readers: unpenalised, from complete rows, in the units of the columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from lifelines import CoxPHFitter

from tests.fusion.cohorts import FEW, MI, OBSTRUCTIVE, draw, ends_of, patients_of
from vascal.fusion.features import Feature, Patients
from vascal.fusion.hazard_ratios import estimate_ratios, find_complete
from vascal.fusion.targets import Ends


def table_of(patients: Patients) -> pd.DataFrame:
    """The same columns made by other means."""
    columns = patients.columns
    density = columns["density"]
    return pd.DataFrame(
        {
            "agatston": np.log1p(columns["agatston"]),
            "density": np.where(np.isnan(density), np.nanmean(density), density),
            "age_years": columns["age_years"],
            "sex: M": (columns["sex"] == "M").astype(float),
            "ldl_mg_dl": columns["ldl_mg_dl"],
            "smoker": columns["smoker"],
        }
    )


def test_hazard_ratios_agree_with_lifelines() -> None:
    patients, ends = patients_of(draw(2000), FEW), ends_of(draw(2000))
    kept = ~np.isnan(patients.columns["ldl_mg_dl"])
    table = table_of(patients.only(kept)).assign(time=ends.target.years[kept], event=ends.causes[kept] == 1)
    other = CoxPHFitter().fit(table, "time", "event", fit_options={"precision": 1e-10})
    found = estimate_ratios(patients, ends, FEW)
    assert found.rows == int(kept.sum())
    assert [one.name for one in found.ratios] == list(table.columns[:6])
    assert [one.estimate.value for one in found.ratios] == pytest.approx(other.hazard_ratios_.to_numpy(), rel=1e-5)
    limits = np.exp(other.confidence_intervals_.to_numpy())
    assert [[one.estimate.low, one.estimate.high] for one in found.ratios] == pytest.approx(limits, rel=1e-4)


def test_odds_ratios_agree_with_statsmodels() -> None:
    patients, ends = patients_of(draw(2000), FEW), ends_of(draw(2000), OBSTRUCTIVE)
    kept = ~np.isnan(patients.columns["ldl_mg_dl"])
    x = sm.add_constant(table_of(patients.only(kept)).to_numpy())
    other = sm.Logit((ends.causes[kept] == 1).astype(float), x).fit(disp=0, tol=1e-12)
    found = [one.estimate for one in estimate_ratios(patients, ends, FEW).ratios]
    assert np.log([one.value for one in found]) == pytest.approx(other.params[1:], abs=1e-6)
    assert np.log([[one.low, one.high] for one in found]) == pytest.approx(other.conf_int()[1:], abs=1e-5)
    assert [one.p_value for one in found] == pytest.approx(other.pvalues[1:], abs=1e-5)


def test_ratios_of_one_standard_deviation_can_be_compared() -> None:
    patients, ends = patients_of(draw(2000), FEW), ends_of(draw(2000))
    ratios = {one.name: one for one in estimate_ratios(patients, ends, FEW).ratios}
    agatston, smoker = ratios["agatston"], ratios["smoker"]
    assert agatston.per_spread.value == pytest.approx(agatston.estimate.value**agatston.spread)
    assert agatston.per == "ln(1 + Agatston units)"
    assert smoker.per_spread == smoker.estimate
    assert ratios["sex: M"].per == "against F"


def test_what_is_not_applicable_leaves_a_row_complete() -> None:
    patients = patients_of(draw(), FEW)
    complete = find_complete(patients, FEW)
    assert np.array_equal(complete, ~np.isnan(patients.columns["ldl_mg_dl"]))
    assert np.isnan(patients.columns["density"][complete]).any()
    assert find_complete(patients, ()).all()


def test_where_no_model_fits_it_is_said_why() -> None:
    patients, ends = patients_of(draw(), FEW), ends_of(draw())
    copies = Patients(
        columns={"a": patients.columns["age_years"], "b": patients.columns["age_years"]}, patient=patients.patient
    )
    twins = tuple(Feature(name=name, kind="number", block="clinical") for name in "ab")
    found = estimate_ratios(copies, ends, twins)
    assert found.ratios == ()
    assert "in step" in found.caution
    yes = estimate_ratios(copies, ends_of(draw(), OBSTRUCTIVE), twins)
    assert yes.ratios == ()
    assert yes.caution
    nothing = estimate_ratios(patients, Ends(causes=np.zeros(800, dtype=np.int64), time=ends.time), FEW)
    assert (nothing.ratios, nothing.events) == ((), 0)
    assert MI.is_timed
