"""What makes two scores differ besides the calcium is named, and scans of two people are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.make_scans import make_scan
from tests.risk.lesion_sets import make_lesions
from vascal.report.comparability import KEPT, find_differences
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
        ({"caveats": ("metal",)}, "metal-differs", "critical"),
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


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"is_gated": None}, "non-gated"),
        ({"is_gated": False}, "non-gated"),
        ({"caveats": ("metal",)}, "metal"),
        ({"caveats": ("heart-cut-off",)}, "heart-cut-off"),
        *(({"caveats": (code,)}, code) for code in KEPT),
    ],
)
def test_what_weakens_all_scans_alike_is_said_once(
    pair: tuple[ScanScore, ScanScore], facts: dict[str, object], code: str
) -> None:
    (caveat,) = find_differences([other(scan, **facts) for scan in pair])
    assert (caveat.code, caveat.severity) == (code, "caution")
    assert caveat.message.startswith(("All scans", "None of the scans"))


def test_the_limits_of_chance_are_said_to_be_of_gated_scans(pair: tuple[ScanScore, ScanScore]) -> None:
    (caveat,) = find_differences([other(scan, is_gated=None) for scan in pair])
    assert "limits of chance come from gated scans" in caveat.message


def test_what_weakens_one_scan_alone_is_said_with_its_number(pair: tuple[ScanScore, ScanScore]) -> None:
    (caveat,) = find_differences([pair[0], other(pair[1], caveats=("noise",))])
    assert caveat.message.startswith("Of the scans, number 2 is noisy")
