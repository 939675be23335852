"""What makes two scores differ besides the calcium is named, and scans of two people are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.report.make_scans import make_scan
from tests.risk.lesion_sets import make_lesions
from vascal.errors import ImpossibleInputError
from vascal.report.comparability import age_gap_years, find_differences, find_doubts_of_identity, require_one_patient
from vascal.report.scan_score import ScanScore


@pytest.fixture
def pair(tmp_path: Path) -> tuple[ScanScore, ScanScore]:
    """Two scans made alike, five years apart."""
    first = make_scan(make_lesions(), tmp_path / "a", day="20190301", age=58.0)
    return first, make_scan(make_lesions(), tmp_path / "b", day="20240301", age=63.0)


def other(scan: ScanScore, **facts: object) -> ScanScore:
    return replace(scan, facts=replace(scan.facts, **facts))  # type: ignore[arg-type]


def found(*scans: ScanScore) -> Mapping[str, str]:
    return {caveat.code: caveat.severity for caveat in find_differences(scans)}


def test_scans_made_and_read_alike_have_no_difference(pair: tuple[ScanScore, ScanScore]) -> None:
    assert found(*pair) == {}


@pytest.mark.parametrize(
    ("facts", "code", "severity"),
    [
        ({"kvp": 100.0}, "tube-voltages-differ", "critical"),
        ({"kvp": None}, "tube-voltages-differ", "critical"),
        ({"kvp": 100.0, "rule_kvp": 100.0}, "tube-voltages-differ", "caution"),
        ({"slice_thickness_mm": 2.5}, "slice-thickness-differs", "caution"),
        ({"slice_thickness_mm": 5.0}, "slice-thickness-differs", "critical"),
        ({"spacing_between_slices_mm": 1.5}, "slice-spacing-differs", "critical"),
        ({"is_gated": None}, "gating-differs", "critical"),
        ({"is_contrast_enhanced": True}, "contrast-differs", "critical"),
        ({"caveats": ("compensated",)}, "compensation-differs", "critical"),
        ({"found_by": "learned"}, "readers-differ", "critical"),
        ({"kernels": ("B60f",)}, "kernels-differ", "caution"),
        ({"kernels": ()}, "kernels-differ", "caution"),
        ({"scanner": None}, "scanners-differ", "caution"),
        ({"caveats": ("metal",)}, "metal-differs", "caution"),
        ({"caveats": ("heart-cut-off",)}, "coverage-differs", "caution"),
    ],
)
def test_each_difference_is_named(
    pair: tuple[ScanScore, ScanScore], facts: dict[str, object], code: str, severity: str
) -> None:
    assert found(pair[0], other(pair[1], **facts)) == {code: severity}


@pytest.mark.parametrize("thickness", [None, 3.2])
def test_slices_of_unknown_or_nearly_equal_thickness_are_no_difference(
    pair: tuple[ScanScore, ScanScore], thickness: float | None
) -> None:
    assert found(pair[0], other(pair[1], slice_thickness_mm=thickness)) == {}
    assert found(*(other(scan, slice_thickness_mm=thickness) for scan in pair)) == {}


def test_a_rule_with_another_threshold_or_smallest_patch_is_another_rule(pair: tuple[ScanScore, ScanScore]) -> None:
    numbers = {**pair[1].facts.rule_numbers, "threshold_hu": "145.0", "min_patch_mm2": "0.0"}
    (caveat,) = find_differences([pair[0], other(pair[1], rule="own", rule_numbers=numbers)])
    assert caveat.code == "rules-differ"
    assert caveat.message == (
        "Scored by different rules (agatston-1990, own: min patch mm2, threshold hu). Score both scans by one rule."
    )


def test_a_threshold_scaled_to_the_tube_voltage_is_judged_with_the_voltage(pair: tuple[ScanScore, ScanScore]) -> None:
    numbers = {**pair[1].facts.rule_numbers, "threshold_hu": "147.0", "weight_edges_hu": "(226.0, 339.0, 452.0)"}
    scaled = other(pair[1], rule="agatston-kvp", rule_numbers=numbers, rule_kvp=100.0, kvp=100.0)
    assert found(pair[0], scaled) == {"tube-voltages-differ": "caution"}


def test_automatic_finders_are_named_and_their_versions_compared(pair: tuple[ScanScore, ScanScore]) -> None:
    automatic = [other(scan, found_by="learned", finder="networks 1") for scan in pair]
    assert found(*automatic) == {"found-automatically": "caution"}
    newer = other(automatic[1], finder="networks 2")
    assert set(found(automatic[0], newer)) == {"found-automatically", "finder-versions-differ"}


def test_scans_of_people_of_different_sex_are_refused(pair: tuple[ScanScore, ScanScore]) -> None:
    with pytest.raises(ImpossibleInputError, match=r"sex differs between the scans \(F, M\)"):
        require_one_patient([pair[0], replace(pair[1], sex="M")])
    require_one_patient([pair[0], replace(pair[1], sex=None)])


def test_ages_that_do_not_fit_the_dates_are_doubted_and_then_refused(pair: tuple[ScanScore, ScanScore]) -> None:
    def codes(*scans: ScanScore) -> list[str]:
        return [caveat.code for caveat in find_doubts_of_identity(scans)]

    assert codes(*pair) == ["identity-not-checked"]
    a_year_off = (pair[0], replace(pair[1], age_years=64.0))
    assert codes(*a_year_off) == ["identity-not-checked"]
    two_off = (pair[0], replace(pair[1], age_years=65.0))
    require_one_patient(two_off)
    assert codes(*two_off) == ["age-contradicts-dates", "identity-not-checked"]
    with pytest.raises(ImpossibleInputError, match="contradict each other by 5 years"):
        require_one_patient([pair[0], replace(pair[1], age_years=58.0)])


def test_unknown_ages_contradict_nothing(pair: tuple[ScanScore, ScanScore]) -> None:
    assert age_gap_years([replace(scan, age_years=None) for scan in pair]) == 0.0
    assert age_gap_years([pair[0], replace(pair[1], on=date(2024, 3, 1))]) == pytest.approx(0.0, abs=0.01)


def test_one_scan_given_twice_is_refused(pair: tuple[ScanScore, ScanScore]) -> None:
    with pytest.raises(ImpossibleInputError, match="one scan is given twice"):
        require_one_patient([*pair, pair[0]])
