"""A patient about whom everything is known."""

from vascal.risk.profile import ClinicalProfile
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Creatinine, Hba1c


def make_complete_profile() -> ClinicalProfile:
    """A woman of 60 years without disease."""
    return ClinicalProfile(
        age_years=60,
        sex="F",
        ethnicity="white",
        total_cholesterol=Cholesterol.of(210, "mg/dL"),
        hdl=Cholesterol.of(50, "mg/dL"),
        ldl=Cholesterol.of(130, "mg/dL"),
        systolic_mmhg=135,
        diastolic_mmhg=80,
        on_bp_treatment=False,
        on_lipid_treatment=False,
        on_aspirin=False,
        has_diabetes=False,
        is_smoker=False,
        has_family_history=False,
        has_cvd=False,
        on_dialysis=False,
        bmi=27,
        egfr=85,
        creatinine=Creatinine.of(0.8, "mg/dL"),
        uacr=AlbuminCreatinineRatio.of(10, "mg/g"),
        hba1c=Hba1c.of(5.5, "%"),
        sdi_decile=5,
        score2_region="moderate",
    )
