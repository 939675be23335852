"""Published hazard ratios, by the class of a total."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.aac.classes import SCHEMES
from vascal.errors import EvaluationError
from vascal.risk.aac_hazards import RATIO_IS_NO_RISK, STUDIES, AacHazard, find_aac_hazards


def ratios(aac24: int, outcome: str) -> list[tuple[float | None, tuple[float, float] | None]]:
    return [(one.hazard_ratio, one.interval) for one in find_aac_hazards(aac24) if one.outcome == outcome]


@pytest.mark.parametrize(
    ("aac24", "outcome", "expected"),
    [
        (1, "major adverse cardiovascular event", (None, None)),
        (2, "major adverse cardiovascular event", (1.54, (1.31, 1.80))),
        (5, "myocardial infarction", (2.05, (1.40, 3.00))),
        (6, "major adverse cardiovascular event", (2.06, (1.75, 2.42))),
        (24, "cerebrovascular disease", (2.15, (1.44, 3.21))),
        (6, "atherosclerotic cardiovascular disease", (2.87, None)),
        (4, "death or cardiovascular event within two years", (None, None)),
        (5, "death or cardiovascular event within two years", (3.7, None)),
        (16, "death or cardiovascular event within two years", (8.6, None)),
        (3, "cardiovascular event", (None, None)),
        (4, "cardiovascular event", (5.5, (1.2, 24.8))),
    ],
)
def test_the_ratio_of_each_class_is_the_published_one(aac24, outcome, expected) -> None:  # type: ignore[no-untyped-def]
    assert ratios(aac24, outcome) == [expected]


def test_a_class_without_a_known_ratio_is_left_out() -> None:
    assert ratios(3, "atherosclerotic cardiovascular disease") == []
    assert [one for one, _ in ratios(3, "death of any cause")] == [1.45]
    assert [one for one, _ in ratios(6, "death of any cause")] == [2.01, 1.75]
    assert [one for one, _ in ratios(0, "death of any cause")] == [None, None]


def test_texts_name_class_comparison_and_cohort() -> None:
    texts = {one.source.split(" et al.", maxsplit=1)[0]: one.text for one in find_aac_hazards(6)}
    assert "hazard ratio 5.50 (95 % interval 1.20 to 24.80), 4 or more against below 4" in texts["Peeters"]
    assert "hazard ratio 2.87, high against low" in texts["Sim"]
    none = {one.source.split(" et al.", maxsplit=1)[0]: one.text for one in find_aac_hazards(0)}
    assert "below 4 is the class of comparison" in none["Peeters"]


def test_ratios_have_two_decimals_in_words_and_in_tables() -> None:
    found = {(one.population, one.outcome): one.ratio_text for one in find_aac_hazards(5)}
    assert found["general", "myocardial infarction"] == "2.05 (1.40 to 3.00)"
    assert found["dialysis", "death or cardiovascular event within two years"] == "3.70"
    assert found["kidney disease", "cardiovascular event"] == "5.50 (1.20 to 24.80)"
    assert {one.ratio_text for one in find_aac_hazards(0)} == {"reference"}
    assert "not this patient's risk" in RATIO_IS_NO_RISK


def populations(found: tuple[AacHazard, ...]) -> list[str]:
    return list(dict.fromkeys(one.population for one in found))


@given(st.integers(0, 24))
def test_cohorts_like_the_patient_go_first_and_those_of_other_patients_are_left_out(aac24: int) -> None:
    everyone = find_aac_hazards(aac24)
    assert populations(everyone) == ["general", "kidney disease", "dialysis"]
    on_dialysis = find_aac_hazards(aac24, on_dialysis=True)
    assert populations(on_dialysis) == ["dialysis", "kidney disease", "general"]
    assert len(on_dialysis) == len(everyone)
    without = find_aac_hazards(aac24, on_dialysis=False)
    assert without == tuple(one for one in everyone if one.population == "general")


@given(st.integers(0, 24))
def test_ratios_are_above_one_within_their_intervals(aac24: int) -> None:
    for hazard in find_aac_hazards(aac24):
        assert hazard.n > 0
        assert "doi:" in hazard.source
        if hazard.hazard_ratio is not None:
            assert hazard.class_name != hazard.reference_class
            low, high = hazard.interval or (1.0, hazard.hazard_ratio)
            assert 1 <= low < hazard.hazard_ratio <= high


def test_studies_speak_of_classes_that_there_are() -> None:
    for study in STUDIES:
        assert study.scheme in SCHEMES
        assert set(study.ratios) <= set(study.scheme.classes[1:])


def test_totals_that_can_not_be_are_refused() -> None:
    with pytest.raises(EvaluationError):
        find_aac_hazards(25)
