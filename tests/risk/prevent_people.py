"""People for whom the PREVENT equations were made, and the risk of one of them."""

from dataclasses import replace

from hypothesis import strategies as st

from vascal.risk.model import Outcome
from vascal.risk.prevent import estimate_prevent
from vascal.risk.prevent_coefficients import Horizon
from vascal.risk.profile import ClinicalProfile, Sex
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Hba1c

OUTCOMES: tuple[Outcome, ...] = ("cvd", "ascvd", "hf", "chd", "stroke")
SEXES: tuple[Sex, ...] = ("F", "M")
HORIZONS: tuple[Horizon, ...] = (10, 30)
S25 = ClinicalProfile(
    age_years=50,
    sex="F",
    total_cholesterol=Cholesterol.of(200, "mg/dL"),
    hdl=Cholesterol.of(45, "mg/dL"),
    systolic_mmhg=160,
    on_bp_treatment=True,
    on_lipid_treatment=False,
    has_diabetes=True,
    is_smoker=False,
    bmi=35,
    egfr=90,
)
"""The example of supplemental table S25."""


def add(profile: ClinicalProfile, variant: str, uacr: float, hba1c: float, sdi_decile: int) -> ClinicalProfile:
    """Make known what a variant adds."""
    if variant in {"uacr", "full"}:
        profile = replace(profile, uacr=AlbuminCreatinineRatio.of(uacr, "mg/g"))
    if variant in {"hba1c", "full"}:
        profile = replace(profile, hba1c=Hba1c.of(hba1c, "%"))
    return replace(profile, sdi_decile=sdi_decile) if variant in {"sdi", "full"} else profile


@st.composite
def people(draw: st.DrawFn, max_age: float = 79, added: bool = False) -> ClinicalProfile:
    """People for whom the equations were made."""
    unknown = st.none()
    return ClinicalProfile(
        age_years=draw(st.floats(30, max_age)),
        sex=draw(st.sampled_from(SEXES)),
        total_cholesterol=Cholesterol(value=draw(st.floats(130, 320))),
        hdl=Cholesterol(value=draw(st.floats(20, 100))),
        systolic_mmhg=draw(st.floats(90, 200)),
        on_bp_treatment=draw(st.booleans()),
        on_lipid_treatment=draw(st.booleans()),
        has_diabetes=draw(st.booleans()),
        is_smoker=draw(st.booleans()),
        bmi=draw(st.floats(18.5, 39.99)),
        egfr=draw(st.floats(15, 140)),
        uacr=draw(unknown | st.floats(0.1, 5000).map(lambda x: AlbuminCreatinineRatio(value=x))) if added else None,
        hba1c=draw(unknown | st.floats(4, 15).map(lambda x: Hba1c(value=x))) if added else None,
        sdi_decile=draw(unknown | st.integers(1, 10)) if added else None,
    )


def risk_of(profile: ClinicalProfile, outcome: Outcome = "ascvd", horizon: Horizon = 10) -> float:
    return estimate_prevent(profile, outcome, horizon).probability
