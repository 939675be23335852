"""PREVENT gives what the paper, its supplement and two published R packages give."""

import math
from dataclasses import replace

import pytest

from tests.risk.prevent_people import OUTCOMES, S25, SEXES, add, risk_of
from vascal.risk.model import Outcome
from vascal.risk.prevent_coefficients import Horizon
from vascal.risk.profile import ClinicalProfile, Sex
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Hba1c


@pytest.mark.parametrize(
    ("variant", "women", "men"),
    [  # UACR 40 mg/g, HbA1c 7.5 %, eighth decile of deprivation; CVD, ASCVD, HF, CHD, stroke
        ("base", (0.1468, 0.0920, 0.0806, 0.0441, 0.0540), (0.1632, 0.1019, 0.1059, 0.0557, 0.0521)),
        ("uacr", (0.1599, 0.0994, 0.0893, 0.0481, 0.0586), (0.1718, 0.1097, 0.1099, 0.0591, 0.0559)),
        ("hba1c", (0.1359, 0.0835, 0.0806, 0.0411, 0.0457), (0.1551, 0.0937, 0.1013, 0.0514, 0.0467)),
        ("sdi", (0.1565, 0.1003, 0.0886, 0.0482, 0.0584), (0.1823, 0.1137, 0.1226, 0.0624, 0.0595)),
        ("full", (0.1560, 0.0964, 0.0927, 0.0474, 0.0537), (0.1808, 0.1100, 0.1206, 0.0627, 0.0544)),
    ],
)
def test_the_example_of_the_supplement_is_reproduced_to_its_four_decimals(
    variant: str, women: tuple[float, ...], men: tuple[float, ...]
) -> None:
    for sex, expected in zip(SEXES, (women, men), strict=True):
        profile = add(replace(S25, sex=sex), variant, uacr=40, hba1c=7.5, sdi_decile=8)
        assert [round(risk_of(profile, outcome), 4) for outcome in OUTCOMES] == list(expected)


@pytest.mark.parametrize(
    ("variant", "women", "men"),
    [
        ("base", 0.354, 0.349),
        ("uacr", 0.363, 0.355),
        ("hba1c", 0.322, 0.317),
        ("sdi", 0.367, 0.361),
        ("full", 0.344, 0.338),
    ],
)
def test_so_is_its_thirty_year_risk_of_atherosclerotic_disease(variant: str, women: float, men: float) -> None:
    for sex, expected in zip(SEXES, (women, men), strict=True):
        profile = add(replace(S25, sex=sex), variant, uacr=40, hba1c=7.5, sdi_decile=8)
        assert round(risk_of(profile, "ascvd", 30), 3) == expected


@pytest.mark.parametrize(
    ("variant", "sex", "ten_years", "thirty_years"),
    [  # UACR 92 mg/g, HbA1c 9.2 %, least deprived; CVD, ASCVD, HF, CHD, stroke
        ("base", "F", (0.147, 0.092, 0.081, 0.044, 0.054), (0.530, 0.354, 0.390, 0.198, 0.221)),
        ("hba1c", "F", (0.165, 0.103, 0.107, 0.055, 0.053), (0.541, 0.356, 0.449, 0.219, 0.200)),
        ("uacr", "F", (0.181, 0.111, 0.105, 0.055, 0.065), (0.565, 0.381, 0.437, 0.220, 0.241)),
        ("sdi", "F", (0.127, 0.080, 0.070, 0.038, 0.047), (0.485, 0.322, 0.358, 0.179, 0.202)),
        ("full", "F", (0.174, 0.105, 0.114, 0.056, 0.056), (0.534, 0.348, 0.443, 0.213, 0.204)),
        ("base", "M", (0.163, 0.102, 0.106, 0.056, 0.052), (0.514, 0.349, 0.424, 0.216, 0.197)),
        ("hba1c", "M", (0.187, 0.112, 0.130, 0.063, 0.056), (0.524, 0.340, 0.457, 0.211, 0.188)),
        ("uacr", "M", (0.195, 0.123, 0.130, 0.066, 0.063), (0.535, 0.368, 0.448, 0.227, 0.213)),
        ("sdi", "M", (0.143, 0.088, 0.089, 0.049, 0.043), (0.480, 0.317, 0.384, 0.199, 0.171)),
        ("full", "M", (0.191, 0.112, 0.131, 0.068, 0.052), (0.513, 0.326, 0.438, 0.216, 0.167)),
    ],
)
def test_the_r_package_preventr_gives_the_same(
    variant: str, sex: Sex, ten_years: tuple[float, ...], thirty_years: tuple[float, ...]
) -> None:
    profile = add(replace(S25, sex=sex), variant, uacr=92, hba1c=9.2, sdi_decile=1)
    assert [round(risk_of(profile, outcome, 10), 3) for outcome in OUTCOMES] == list(ten_years)
    assert [round(risk_of(profile, outcome, 30), 3) for outcome in OUTCOMES] == list(thirty_years)


def someone(
    sex: Sex, age_years: float, systolic_mmhg: float, total: float, hdl: float, **other: object
) -> ClinicalProfile:
    """One of preventr's made-up patients: healthy and untreated where not said otherwise."""
    plain = replace(
        S25,
        sex=sex,
        age_years=age_years,
        systolic_mmhg=systolic_mmhg,
        total_cholesterol=Cholesterol.of(total, "mg/dL"),
        hdl=Cholesterol.of(hdl, "mg/dL"),
        on_bp_treatment=False,
        has_diabetes=False,
    )
    return replace(plain, **other)  # type: ignore[arg-type]


def urine(mg_g: float) -> AlbuminCreatinineRatio:
    return AlbuminCreatinineRatio.of(mg_g, "mg/g")


TREATED = {"on_bp_treatment": True}
STATIN = {"on_lipid_treatment": True}
DIABETIC = {"has_diabetes": True}
SMOKER = {"is_smoker": True}
# The ten patients of preventr's vignette "Using a data frame"; for a ZIP code, a decile of its band.
VIGNETTE = [
    (
        someone(
            "F", 40, 129, 268, 54, **TREATED, **STATIN, **SMOKER, egfr=73, bmi=37.4, uacr=urine(19022.2), sdi_decile=8
        ),
        (0.117, 0.067, 0.070, 0.034, 0.032),
        (0.401, 0.250, 0.289, 0.144, 0.126),
    ),
    (
        someone("M", 55, 164, 227, 91, **DIABETIC, **SMOKER, egfr=71, bmi=32.9),
        (0.173, 0.099, 0.154, 0.043, 0.069),
        (0.452, 0.278, 0.457, 0.136, 0.199),
    ),
    (
        someone("F", 45, 137, 319, 78, **TREATED, **STATIN, egfr=80, bmi=37.5, hba1c=Hba1c.of(6, "%")),
        (0.028, 0.020, 0.016, 0.008, 0.011),
        (0.190, 0.126, 0.130, 0.058, 0.071),
    ),
    (
        someone(
            "M",
            51,
            155,
            305,
            61,
            **TREATED,
            **DIABETIC,
            egfr=73,
            bmi=28.6,
            uacr=urine(20521),
            hba1c=Hba1c.of(7.3, "%"),
            sdi_decile=8,
        ),
        (0.396, 0.253, 0.268, 0.172, 0.112),
        (0.656, 0.470, 0.551, 0.350, 0.239),
    ),
    (
        someone("F", 52, 175, 225, 63, **TREATED, **STATIN, egfr=77, bmi=37.5, sdi_decile=5),
        (0.063, 0.044, 0.044, 0.018, 0.027),
        (0.336, 0.232, 0.264, 0.108, 0.148),
    ),
    (
        someone("M", 58, 168, 299, 34, **STATIN, **DIABETIC, egfr=70, bmi=36, uacr=urine(19320)),
        (0.595, 0.482, 0.427, 0.382, 0.241),
        (0.798, 0.695, 0.654, 0.601, 0.424),
    ),
    (
        someone(
            "F", 57, 94, 239, 92, **STATIN, egfr=86, bmi=36.7, uacr=urine(6626), hba1c=Hba1c.of(6, "%"), sdi_decile=8
        ),
        (0.062, 0.033, 0.096, 0.013, 0.021),
        (0.221, 0.119, 0.330, 0.051, 0.076),
    ),
    (
        someone("M", 36, 175, 190, 26, **TREATED, **STATIN, egfr=89, bmi=28.6, hba1c=Hba1c.of(7.7, "%"), sdi_decile=8),
        (0.051, 0.042, 0.013, 0.024, 0.018),
        (0.324, 0.250, 0.113, 0.156, 0.121),
    ),
    (
        someone("F", 49, 168, 184, 31, **STATIN, **DIABETIC, egfr=78, bmi=18.7, uacr=urine(19815.5)),
        (0.386, 0.253, 0.218, 0.163, 0.136),
        (0.741, 0.571, 0.533, 0.432, 0.362),
    ),
    (
        someone("M", 47, 117, 151, 60, **TREATED, **STATIN, **DIABETIC, **SMOKER, egfr=68, bmi=38.6, uacr=urine(8564)),
        (0.184, 0.090, 0.295, 0.041, 0.056),
        (0.445, 0.240, 0.591, 0.122, 0.154),
    ),
]


@pytest.mark.parametrize(("profile", "ten_years", "thirty_years"), VIGNETTE)
def test_so_do_its_ten_made_up_patients(
    profile: ClinicalProfile, ten_years: tuple[float, ...], thirty_years: tuple[float, ...]
) -> None:
    assert [round(risk_of(profile, outcome, 10), 3) for outcome in OUTCOMES] == list(ten_years)
    assert [round(risk_of(profile, outcome, 30), 3) for outcome in OUTCOMES] == list(thirty_years)


MAN_OF_66 = replace(
    S25,
    age_years=66,
    sex="M",
    total_cholesterol=Cholesterol.of(188, "mg/dL"),
    hdl=Cholesterol.of(52, "mg/dL"),
    systolic_mmhg=148,
    on_bp_treatment=False,
    on_lipid_treatment=True,
    is_smoker=True,
    bmi=30,
    egfr=67,
)
MAN_OF_75 = replace(
    MAN_OF_66,
    age_years=75,
    total_cholesterol=Cholesterol.of(240, "mg/dL"),
    hdl=Cholesterol.of(90, "mg/dL"),
    systolic_mmhg=130,
    on_bp_treatment=True,
    has_diabetes=False,
    is_smoker=False,
    egfr=105,
)
WOMAN_OF_66 = replace(MAN_OF_66, sex="F", uacr=AlbuminCreatinineRatio.of(75, "mg/g"), hba1c=Hba1c.of(9, "%"))
MAN_WITH_WEAK_KIDNEYS = replace(
    S25, age_years=58, sex="M", systolic_mmhg=150, has_diabetes=False, egfr=45, total_cholesterol=None, hdl=None
)


@pytest.mark.parametrize(
    ("profile", "outcome", "horizon", "percent"),
    [
        (MAN_OF_66, "cvd", 10, 22.4155711977015),
        (MAN_OF_66, "ascvd", 10, 14.2049700817931),
        (MAN_OF_66, "hf", 10, 13.7948077945273),
        (replace(MAN_OF_75, uacr=AlbuminCreatinineRatio.of(10, "mg/g")), "cvd", 10, 17.4927056210759),
        (replace(MAN_OF_75, uacr=AlbuminCreatinineRatio.of(10, "mg/g")), "ascvd", 10, 10.5292794117528),
        (replace(WOMAN_OF_66, uacr=None), "ascvd", 10, 15.9943337262547),
        (WOMAN_OF_66, "cvd", 10, 28.8435512139669),
        (WOMAN_OF_66, "ascvd", 10, 17.8147153790157),
        (WOMAN_OF_66, "hf", 10, 21.8327741671056),
        (MAN_WITH_WEAK_KIDNEYS, "hf", 10, 11.0185644608283),
        (MAN_WITH_WEAK_KIDNEYS, "hf", 30, 34.917641070667),
        (replace(MAN_WITH_WEAK_KIDNEYS, sdi_decile=8), "hf", 10, 12.5247348753605),
        (replace(MAN_WITH_WEAK_KIDNEYS, sdi_decile=8), "hf", 30, 36.4539509893943),
        (S25, "ascvd", 10, 9.19508975363287),
        (S25, "ascvd", 30, 35.4255198869041),
        (S25, "cvd", 30, 52.9850387063578),
    ],
)
def test_the_r_package_of_the_heart_association_gives_the_same(
    profile: ClinicalProfile, outcome: Outcome, horizon: Horizon, percent: float
) -> None:
    # AHAprevent 1.0.0 (Krishnan et al. 2024). The woman of 66 has no known deprivation: the term for that counts.
    assert 100 * risk_of(profile, outcome, horizon) == pytest.approx(percent, rel=1e-12)


def test_one_coefficient_of_that_package_is_rounded() -> None:
    # Women's ten-year CVD: 0.360078 there and 0.3600781 in table S12; the table counts here.
    assert 100 * risk_of(S25, "cvd") == pytest.approx(14.6839372164812, abs=3e-6)
    assert 100 * risk_of(S25, "cvd") != pytest.approx(14.6839372164812, abs=1e-6)


def test_the_example_in_the_paper_is_reproduced() -> None:
    woman = replace(
        S25,
        total_cholesterol=Cholesterol.of(240, "mg/dL"),
        hdl=Cholesterol.of(55, "mg/dL"),
        has_diabetes=False,
    )
    assert [round(100 * risk_of(woman, outcome), 1) for outcome in ("cvd", "ascvd", "hf")] == [5.4, 3.6, 2.5]
    assert [round(100 * risk_of(replace(woman, is_smoker=True), outcome), 1) for outcome in ("ascvd", "hf")] == [6, 4.7]


@pytest.mark.parametrize(
    ("age_years", "egfr", "sex", "log_odds"),
    [  # everything else at its centre; constant, age, eGFR below and from 60, and age with eGFR
        (55, 90, "F", -3.819975),
        (55, 60, "F", -3.819975 + 2 * 0.0397779),
        (55, 45, "F", -3.819975 + 2 * 0.0397779 + 0.4864619),
        (65, 45, "F", -3.819975 + 0.719883 + 2 * 0.0397779 + 0.4864619 - 0.1671492),
        (75, 30, "F", -3.819975 + 2 * 0.719883 + 2 * 0.0397779 + 2 * 0.4864619 - 4 * 0.1671492),
        (65, 45, "M", -3.500655 + 0.7099847 + 2 * 0.0203619 + 0.3690075 - 0.1217081),
        (45, 105, "M", -3.500655 - 0.7099847 - 0.0203619),
    ],
)
def test_kidney_function_is_summed_up_by_hand(age_years: float, egfr: float, sex: Sex, log_odds: float) -> None:
    centred = replace(
        S25,
        age_years=age_years,
        sex=sex,
        egfr=egfr,
        systolic_mmhg=130,
        total_cholesterol=Cholesterol.of(4.8, "mmol/L"),
        hdl=Cholesterol.of(1.3, "mmol/L"),
        on_bp_treatment=False,
        has_diabetes=False,
    )
    assert risk_of(centred) == pytest.approx(1 / (1 + math.exp(-log_odds)), rel=1e-12)
