"""PREVENT: ten- and thirty-year risk of cardiovascular disease, from the American Heart Association.

Logistic equations for each sex, without race. Kidney function is in all of them; albumin in the urine,
HbA1c and social deprivation are added where they are known.
Source: Khan et al., Circulation 2024;149:430-449, doi:10.1161/CIRCULATIONAHA.123.067626, table S12.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from vascal.risk.egfr import estimate_missing_egfr
from vascal.risk.model import TITLES, Outcome, RiskEstimate, RiskModel, require_inputs
from vascal.risk.prevent_coefficients import PANELS, Horizon, Variant, read_equation
from vascal.risk.profile import ClinicalProfile, number_of

_SOURCE = "Khan et al., Circulation 2024;149:430-449, doi:10.1161/CIRCULATIONAHA.123.067626, table S12"
_NEEDS = ("age_years", "sex", "systolic_mmhg", "on_bp_treatment", "has_diabetes", "is_smoker", "egfr")
_LIPIDS = ("total_cholesterol", "hdl", "on_lipid_treatment")
_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "total_cholesterol": (130.0, 320.0),
        "hdl": (20.0, 100.0),
        "systolic_mmhg": (90.0, 200.0),
        "bmi": (18.5, 39.99),  # the paper's "below 40"
        "egfr": (15.0, 140.0),
        "hba1c": (3.0, 15.0),
    }
)
_AGES: Mapping[Horizon, tuple[float, float]] = MappingProxyType({10: (30.0, 79.0), 30: (30.0, 59.0)})
_OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        "cvd": "cardiovascular disease",
        "ascvd": "atherosclerotic cardiovascular disease",
        "hf": "heart failure",
        "chd": "coronary heart disease",
        "stroke": "stroke",
    }
)
ADDED: Mapping[Variant, str] = MappingProxyType({"uacr": "uacr", "hba1c": "hba1c", "sdi": "sdi_decile"})
"""The variable of a `ClinicalProfile` that a variant adds to the base equation; "full" adds all three."""
LEAST_UACR_MG_G = 0.1
"""Less albumin counts as this much in the AHA's own code: the equation takes its logarithm."""


def _describe(variant: Variant, outcome: Outcome, horizon_years: Horizon) -> RiskModel:
    added = {"base": "", "full": ", with albuminuria, HbA1c and social deprivation"}
    suffix = added[variant] if variant in added else f", with {TITLES[ADDED[variant]]}"
    needs = (*_NEEDS, *(("bmi",) if outcome == "hf" else _LIPIDS))
    return RiskModel(
        name=f"prevent-{variant}-{outcome}-{horizon_years}y-2023",
        title=f"PREVENT {horizon_years}-year risk of {_OUTCOMES[outcome]}{suffix}",
        outcome=outcome,
        horizon_years=horizon_years,
        needs=(*needs, ADDED[variant]) if variant in ADDED else needs,
        ranges=MappingProxyType({"age_years": _AGES[horizon_years], **_RANGES}),
        source=f"{_SOURCE}{PANELS[variant, horizon_years]}",
    )


PREVENT: Mapping[tuple[Variant, Outcome, Horizon], RiskModel] = MappingProxyType(
    {
        (variant, outcome, horizon): _describe(variant, outcome, horizon)
        for variant, horizon in PANELS
        for outcome in get_args(Outcome)
    }
)
"""Every equation, by variant, outcome and years foretold."""


def find_prevent_variant(profile: ClinicalProfile) -> Variant:
    """Choose the equation by what is known, as the publication says.

    Returns
    -------
    Variant
        The base equation if neither albuminuria, HbA1c nor social deprivation is known, the equation with
        the one that is known, and the full one if two or three are.
    """
    known = [variant for variant, name in ADDED.items() if getattr(profile, name) is not None]
    if not known:
        return "base"
    return known[0] if len(known) == 1 else "full"


def estimate_prevent(profile: ClinicalProfile, outcome: Outcome = "ascvd", horizon_years: Horizon = 10) -> RiskEstimate:
    """Estimate the risk of a first cardiovascular event.

    Parameters
    ----------
    profile
        Where only creatinine is known, eGFR is estimated from it. Lipid-lowering treatment is taken as a statin.
    outcome
        Total cardiovascular disease (which holds the others), atherosclerotic disease (coronary heart
        disease and stroke), either of its parts, or heart failure.
    horizon_years
        Thirty years are for people below 60.

    Returns
    -------
    RiskEstimate
        Unrounded; its model names the variant that was chosen.

    Raises
    ------
    MissingInputError
        Naming what is not known.
    OutOfRangeError
        Naming the range: the people behind the equations, also where this one does not ask for the variable.

    Notes
    -----
    Probability = 1 / (1 + exp(-sum)); age is centred at 55 years, non-HDL cholesterol at 3.5 and HDL at
    1.3 mmol/L, systolic pressure at 130 mmHg with a knot at 110, eGFR at 90 with a knot at 60, body mass
    index at 25 with a knot at 30, HbA1c at 5.3 %. In the full equation a variable that is not known has
    its own published term. The equations are the paper's own logistic approximation of its survival
    models; where they are not monotone, neither is this.

    References
    ----------
    Khan et al., Circulation 2024;149:430-449, doi:10.1161/CIRCULATIONAHA.123.067626, table S12.
    """
    variant = find_prevent_variant(profile)
    model = PREVENT[variant, outcome, horizon_years]
    completed = estimate_missing_egfr(profile)
    require_inputs(completed, model)
    variables = _base_variables(completed) | _added_variables(completed)
    equation = read_equation(variant, horizon_years, outcome, completed.sex or "F")
    log_odds = sum(term.coefficient * math.prod(variables[name] for name in term.variables) for term in equation)
    return RiskEstimate(
        model=model, probability=1 / (1 + math.exp(-log_odds)), notes=_explain(profile, completed, model, variant)
    )


def _base_variables(profile: ClinicalProfile) -> dict[str, float]:
    """Centre and scale; what is not known is not in the equation, `require_inputs` saw to that."""
    total, hdl = profile.total_cholesterol, profile.hdl
    hdl_mmol_l = hdl.mmol_l if hdl else 0.0
    systolic, bmi, egfr = profile.systolic_mmhg or 0.0, profile.bmi or 0.0, profile.egfr or 0.0
    return {
        "age": ((profile.age_years or 0.0) - 55) / 10,
        "non_hdl": (total.mmol_l if total else 0.0) - hdl_mmol_l - 3.5,
        "hdl": (hdl_mmol_l - 1.3) / 0.3,
        "sbp_below_110": (min(systolic, 110.0) - 110) / 20,
        "sbp_from_110": (max(systolic, 110.0) - 130) / 20,
        "bmi_below_30": (min(bmi, 30.0) - 25) / 5,
        "bmi_from_30": (max(bmi, 30.0) - 30) / 5,
        "egfr_below_60": (60 - min(egfr, 60.0)) / 15,
        "egfr_from_60": (90 - max(egfr, 60.0)) / 15,
        "diabetes": float(bool(profile.has_diabetes)),
        "smoker": float(bool(profile.is_smoker)),
        "bp_treatment": float(bool(profile.on_bp_treatment)),
        "statin": float(bool(profile.on_lipid_treatment)),
    }


def _added_variables(profile: ClinicalProfile) -> dict[str, float]:
    """Scale what is added to the base equation; one that is not known is marked so and 0 otherwise."""
    uacr, decile = number_of(profile, "uacr"), profile.sdi_decile or 0
    excess = 0.0 if profile.hba1c is None else profile.hba1c.percent - 5.3
    return {
        "log_uacr": 0.0 if uacr is None else math.log(max(uacr, LEAST_UACR_MG_G)),
        "hba1c_with_diabetes": excess if profile.has_diabetes else 0.0,
        "hba1c_without_diabetes": 0.0 if profile.has_diabetes else excess,
        "sdi_4_to_6": float(4 <= decile <= 6),
        "sdi_7_to_10": float(decile >= 7),
        **{f"{variant}_unknown": float(getattr(profile, name) is None) for variant, name in ADDED.items()},
    }


def _explain(
    profile: ClinicalProfile, completed: ClinicalProfile, model: RiskModel, variant: Variant
) -> tuple[str, ...]:
    """Say what was assumed."""
    notes = []
    if profile.egfr is None:
        notes.append(f"eGFR of {completed.egfr:.0f} mL/min/1.73 m2 estimated from creatinine by CKD-EPI 2021")
    if completed.on_lipid_treatment and "on_lipid_treatment" in model.needs:
        notes.append("lipid-lowering treatment taken as a statin")
    if profile.uacr is not None and profile.uacr.mg_g < LEAST_UACR_MG_G:
        notes.append(f"{TITLES['uacr']} below {LEAST_UACR_MG_G} mg/g taken as {LEAST_UACR_MG_G} mg/g")
    if variant == "full":
        unknown = [TITLES[name] for name in ADDED.values() if getattr(profile, name) is None]
        notes += [f"{title} not known; the published term for that is used" for title in unknown]
    return tuple(notes)
