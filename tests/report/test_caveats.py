"""Every caveat, in both directions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.calcium.scenes import blank, score_of
from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.calcium.categories import RiskCategory
from vascal.calcium.mass import Calibration, assume_calibration
from vascal.calcium.rule import AGATSTON_1990, choose_rule, override_rule
from vascal.calcium.uncertainty import CATEGORIES, TotalUncertainty
from vascal.report.caveats import Caveat, Circumstances, FoundBy, find_caveats, is_sharp_kernel
from vascal.study import Acquisition, Gating
from vascal.volume import Grid, LabelMap, OneSliceGrid

GRID = Grid.even((5, 16, 16), (3.0, 0.5, 0.5))
MEASURED = Calibration(factor_mg_cm3_per_hu=0.75, source="rods")
CLEAN = Acquisition(
    kvp=120.0, kernels=("Qr36d",), slice_thickness_mm=3.0, gating=Gating(is_gated=True, evidence="attributes")
)
EMPTY = np.zeros(GRID.shape, dtype=np.uint8)
ANATOMY = Anatomy(structures=LabelMap(labels=EMPTY, grid=GRID, names=STRUCTURES), finder="test", noise_sd_hu=20.0)


def peak_of(hu: int) -> np.ndarray:
    image = blank()
    image[2, 4:8, 4:8] = hu
    return image


def clean() -> Circumstances:
    """Give a gated 120 kVp scan of 3 mm slices, labelled by hand, calibrated by rods: nothing to warn of."""
    return Circumstances(
        acquisition=CLEAN,
        grid=GRID,
        rule=AGATSTON_1990,
        calibration=MEASURED,
        score=score_of(peak_of(450)),
        anatomy=ANATOMY,
        found_by="labels",
    )


def found(**changes: Any) -> dict[str, Caveat]:
    """Give the caveats by code, but the one that is always there."""
    caveats = {caveat.code: caveat for caveat in find_caveats(replace(clean(), **changes))}
    del caveats["not-a-medical-device"]
    return caveats


def scan(**changes: Any) -> dict[str, Caveat]:
    return found(acquisition=replace(CLEAN, **changes))


def slices(spacing_mm: float, thickness_mm: float | None) -> dict[str, Caveat]:
    grid = Grid.even((5, 16, 16), (spacing_mm, 0.5, 0.5))
    return found(grid=grid, acquisition=replace(CLEAN, slice_thickness_mm=thickness_mm))


def test_a_clean_scan_has_no_caveat_but_that_this_is_research() -> None:
    assert [caveat.code for caveat in find_caveats(clean())] == ["not-a-medical-device"]


def test_a_slice_that_stands_alone_forbids_quoting_whoever_marked_it() -> None:
    grid = OneSliceGrid(
        shape=(1, 16, 16), row_spacing_mm=0.5, column_spacing_mm=0.5, slice_positions_mm=(0.0,), slice_thickness_mm=3.0
    )
    caveats = found(grid=grid)
    assert list(caveats) == ["single-slice"]
    assert caveats["single-slice"].severity == "critical"
    assert "nominal thickness of 3 mm" in caveats["single-slice"].message


def test_contrast_seen_in_the_image_forbids_quoting_an_automatic_score() -> None:
    enhanced = replace(ANATOMY, is_contrast_enhanced=True, blood_hu=250.4, aorta_hu=None)
    caveat = found(anatomy=enhanced, found_by="rules")["contrast"]
    assert caveat.severity == "critical"
    assert "heart 250 HU" in caveat.message
    assert "aorta" not in caveat.message
    assert found(anatomy=enhanced)["contrast"].severity == "caution"


def test_contrast_named_only_in_the_header_is_said_so() -> None:
    assert set(scan(contrast_agent="IOMERON 400")) == {"contrast-claimed"}
    enhanced = replace(ANATOMY, is_contrast_enhanced=True, blood_hu=300.0)
    both = found(anatomy=enhanced, acquisition=replace(CLEAN, contrast_agent="IOMERON 400"))
    assert set(both) == {"contrast"}


def test_a_heart_cut_off_is_said_with_its_sides() -> None:
    caveats = found(anatomy=replace(ANATOMY, heart_cut_off=("top", "left")))
    assert set(caveats) == {"heart-cut-off"}
    assert "(top, left)" in caveats["heart-cut-off"].message


@pytest.mark.parametrize(
    ("gating", "codes"),
    [
        (Gating(is_gated=True, evidence="attributes"), set()),
        (Gating(is_gated=True, evidence="stated"), set()),
        (Gating(is_gated=True, evidence="description"), {"gating-unconfirmed"}),
        (Gating(is_gated=False, evidence="stated"), {"non-gated"}),
        (Gating(), {"non-gated"}),
    ],
)
def test_a_scan_without_gating_is_said_so(gating: Gating, codes: set[str]) -> None:
    assert set(scan(gating=gating)) == codes


def test_not_gated_and_not_known_to_be_gated_are_different_words() -> None:
    assert "is not ECG-gated" in scan(gating=Gating(is_gated=False))["non-gated"].message
    assert "shows no sign" in scan(gating=Gating())["non-gated"].message


def test_an_unknown_tube_voltage_is_said() -> None:
    caveats = scan(kvp=None)
    assert set(caveats) == {"kvp-unknown"}
    assert "scored as 120 kVp" in caveats["kvp-unknown"].message


@pytest.mark.parametrize(("kvp", "words"), [(100.0, "too high"), (140.0, "too low")])
def test_a_rule_for_another_tube_voltage_is_said_with_its_direction(kvp: float, words: str) -> None:
    caveats = scan(kvp=kvp)
    assert set(caveats) == {"kvp-mismatch"}
    assert words in caveats["kvp-mismatch"].message


def test_an_adapted_rule_is_said() -> None:
    caveats = found(acquisition=replace(CLEAN, kvp=100.0), rule=choose_rule(100.0))
    assert set(caveats) == {"kvp-adapted"}
    assert "147 HU" in caveats["kvp-adapted"].message


@pytest.mark.parametrize(
    ("material", "is_tin"),
    [("TIN", True), ("tin", True), ("ALUMINUM,TIN", True), ("SN", True), ("ALUMINUM", False), ("MIXED", False)],
)
def test_a_tin_filter_is_said(material: str, is_tin: bool) -> None:
    assert ("tin-filter" in scan(filter_material=material)) == is_tin


@pytest.mark.parametrize(
    ("spacing", "thickness", "codes"),
    [
        (3.0, 3.0, set()),
        (3.0, None, set()),
        (2.0, 2.0, set()),
        (3.5, 3.5, set()),
        (1.99, 1.99, {"thin-slices"}),
        (1.0, None, {"thin-slices"}),
        (3.6, 3.6, {"thick-slices"}),
        (5.0, None, {"thick-slices"}),
        (2.0, 3.0, {"overlapping-slices"}),
        (2.71, 3.0, set()),
        (2.69, 3.0, {"overlapping-slices"}),
        (3.29, 3.0, set()),
        (3.31, 3.0, {"gaps"}),
        (1.5, 5.0, {"thick-slices", "overlapping-slices"}),
    ],
)
def test_slices_are_judged_by_thickness_and_spacing(spacing: float, thickness: float | None, codes: set[str]) -> None:
    assert set(slices(spacing, thickness)) == codes


def test_an_uneven_stack_is_said() -> None:
    grid = replace(GRID, slice_positions_mm=(0.0, 3.0, 6.0, 12.0, 15.0))
    caveats = found(grid=grid)
    assert set(caveats) == {"gaps"}
    assert "unevenly spaced" in caveats["gaps"].message


def test_sharp_kernels_are_named() -> None:
    caveats = scan(kernels=("Br36", "Bl57", "LUNG"))
    assert set(caveats) == {"sharp-kernel"}
    assert "Bl57, LUNG" in caveats["sharp-kernel"].message
    assert scan(kernels=("Br36", "3")) == {}


@pytest.mark.parametrize(
    ("noise", "kernel", "found_by", "critical"),
    [
        (36.0, "L", "rules", True),
        (36.0, "L", "labels", False),
        (36.0, "B", "rules", False),
        (29.0, "L", "rules", False),
    ],
)
def test_a_sharp_and_noisy_image_is_not_quotable_when_searched_automatically(
    noise: float, kernel: str, found_by: FoundBy, critical: bool
) -> None:
    codes = found(
        anatomy=replace(ANATOMY, noise_sd_hu=noise), acquisition=Acquisition(kernels=(kernel,)), found_by=found_by
    )
    assert ("sharp-and-noisy" in codes) == critical


@pytest.mark.parametrize(("noise", "warned"), [(None, False), (30.0, False), (30.1, True)])
def test_noise_is_said_above_30_hu(noise: float | None, warned: bool) -> None:
    assert ("noise" in found(anatomy=replace(ANATOMY, noise_sd_hu=noise))) == warned


@pytest.mark.parametrize(("hu", "warned"), [(1999, False), (2000, True)])
def test_metal_is_suspected_from_2000_hu(hu: int, warned: bool) -> None:
    assert ("metal" in found(score=score_of(peak_of(hu)))) == warned


def test_automatic_finding_is_said_and_its_notes_are_kept() -> None:
    noted = replace(ANATOMY, notes=("The aorta was not found.",))
    caveats = found(anatomy=noted, found_by="rules")
    assert set(caveats) == {"found-automatically", "finder-note"}
    assert caveats["finder-note"].message == "The aorta was not found."
    assert found(anatomy=noted) == {}


@pytest.mark.parametrize(("share", "warned"), [(0.69, True), (0.7, False)])
def test_a_category_that_is_not_likely_is_said_with_the_others(share: float, warned: bool) -> None:
    score = score_of(peak_of(450))
    categories: dict[RiskCategory, float] = dict.fromkeys(CATEGORIES, 0.0)
    categories["0"] = 1 - share
    categories[score.risk_category] = share
    doubt = TotalUncertainty(low=0, high=9, level=0.95, zero_probability=1 - share, categories=categories)
    caveats = found(score=score, found_by="learned", uncertainty=doubt)
    assert ("category-in-doubt" in caveats) == warned
    if warned:
        assert f"{score.risk_category} with 69 %, 0 with 31 %" in caveats["category-in-doubt"].message


def test_lesions_without_a_vessel_are_counted_out_loud() -> None:
    unassigned = score_of(peak_of(450), names={1: "unassigned"})
    caveats = found(score=unassigned, found_by="rules")
    assert set(caveats) == {"found-automatically", "vessel-uncertain"}
    assert "1 lesion(s)" in caveats["vessel-uncertain"].message
    assert found(score=unassigned) == {}


def test_a_rule_changed_by_hand_is_said_with_what_was_changed() -> None:
    caveats = found(rule=override_rule(AGATSTON_1990, threshold_hu=100.0, min_patch_pixels=2))
    assert set(caveats) == {"rule-changed"}
    assert "(threshold_hu, min_patch_pixels)" in caveats["rule-changed"].message


@pytest.mark.parametrize("source", ["assumed", "rods", "table", "stated"])
def test_only_an_assumed_calibration_is_said(source: str) -> None:
    calibration = replace(assume_calibration(120.0), source=source)  # type: ignore[arg-type]
    assert ("calibration-assumed" in found(calibration=calibration)) == (source == "assumed")


def test_an_input_without_a_dicom_header_is_said() -> None:
    assert set(found(source_format="nifti")) == {"no-dicom-header"}


def test_notes_of_the_series_are_passed_on() -> None:
    caveats = found(series_notes=("Two slices were given twice.",))
    assert caveats["series-note"] == Caveat(code="series-note", message="Two slices were given twice.", severity="info")


def test_the_gravest_come_first() -> None:
    seen = replace(
        clean(),
        acquisition=replace(CLEAN, kvp=None, gating=Gating(is_gated=True, evidence="description")),
        anatomy=replace(ANATOMY, is_contrast_enhanced=True, blood_hu=300.0),
        found_by="rules",
    )
    ranks = [("critical", "caution", "info").index(caveat.severity) for caveat in find_caveats(seen)]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


SOFT = {
    "Siemens": "B10f B20f B25f B26f B30f B30s B31f B35f B36f B40f B41f Br36 Br36d Br40d Br44 Bv36 Bv40 Qr36 Qr36d "
    "Qr40d Qr44 Sa36 Sa36f Hr36 Hr40f H30s H31s H40s I26f I30f I31f I40f J30s J40f D30f Q30f Bf37 Bf39 Hc40s T20s U30u",
    "GE": "STANDARD SOFT CHST STND",
    "Philips": "A B SA SB CA CB XCA XCB UA UB",
    "Canon": "FC01 FC02 FC03 FC05 FC07 FC08 FC10 FC11 FC12 FC13 FC17 FC18 FC43 FC44 FC08-H FC12-H FC13-H FC64 FC68",
    "United Imaging": "B_SOFT_B B_SOFT_C H_SOFT_A",
}
SHARP = {
    "Siemens": "B45f B46f B50f B50s B60f B60s B70f B70s B75h B80f B90s Br49 Br54 Br59d Br64 Br69 Bl57 Bl57d Bl64d "
    "Bv49 Bv59 Qr49 Qr69 Hr59 Hr64h Hr68h H60s H70h I46f I49f I50f I70f J45f J49s J70h D45f D70f "
    "Q65f U70u U90u T80s Ur73 Ur77u",
    "GE": "LUNG BONE BONEPLUS EDGE DETAIL ULTRA HD_LUNG HDBONEPLUS",
    "Philips": "C D E L YC YD",
    "Canon": "FC30 FC31 FC35 FC50 FC51 FC51-H FC52 FC53 FC55 FC56 FC80 FC81 FC82 FC86",
    "United Imaging": "B_SHARP_C B_VSHARP_B H_SHARP_C",
}


@pytest.mark.parametrize(("maker", "kernel"), [(maker, k) for maker, names in SOFT.items() for k in names.split()])
def test_routine_kernels_are_not_called_sharp(maker: str, kernel: str) -> None:
    assert not is_sharp_kernel(kernel)


@pytest.mark.parametrize(("maker", "kernel"), [(maker, k) for maker, names in SHARP.items() for k in names.split()])
def test_sharp_kernels_are_called_sharp(maker: str, kernel: str) -> None:
    assert is_sharp_kernel(kernel)


@pytest.mark.parametrize(
    ("kernel", "sharp"),
    [
        ("B46f HeartView medium", True),
        ("B35f HeartView medium", False),
        ("B70f very sharp", True),
        ("B35s medium", False),
        (" b70F ", True),
        ("I70f\\3", True),
        ("I31f\\3", False),
        ("['I70f', '3']", True),
        ("['I31f', '3']", False),
        ("Bl57d/3", True),
        ("Br36d/3", False),
        ("Standard", False),
        ("Lung", True),
    ],
)
def test_kernels_are_told_with_all_their_trimmings(kernel: str, sharp: bool) -> None:
    assert is_sharp_kernel(kernel) == sharp


@pytest.mark.parametrize("kernel", ["", "3", "35", "?", "F", "FC", "FC1", "B", "B7", "UNKNOWN", "FL04", "11", "XYZ99"])
def test_an_unknown_name_counts_as_soft(kernel: str) -> None:
    assert not is_sharp_kernel(kernel)


@pytest.mark.parametrize("is_empty", [True, False])
def test_an_empty_label_map_is_said(is_empty: bool) -> None:
    assert ("labels-empty" in found(found_by="labels", has_empty_labels=is_empty)) == is_empty


def test_an_estimate_among_contrast_agent_says_its_threshold() -> None:
    enhanced = replace(ANATOMY, is_contrast_enhanced=True, blood_hu=250.4, aorta_hu=300.0)
    rule = replace(AGATSTON_1990, name="agatston-1990+contrast", threshold_hu=360.0)
    assert "above 360 HU" in found(anatomy=enhanced, rule=rule, found_by="learned")["contrast"].message


def test_a_virtual_non_contrast_image_has_no_agatston_score() -> None:
    caveat = scan(is_virtual_non_contrast=True)["virtual-non-contrast"]
    assert caveat.severity == "critical"
    assert "multiplied by 2.8" in caveat.message


@pytest.mark.parametrize(("agreement", "is_said"), [(None, False), (0.7, False), (0.69, True)])
def test_finders_that_outline_different_hearts_are_named(agreement: float | None, is_said: bool) -> None:
    caveats = found(anatomy=replace(ANATOMY, agreement=agreement), found_by="learned")
    assert ("finders-disagree" in caveats) == is_said
    assert all(caveats[code].severity == "critical" for code in caveats if code == "finders-disagree")


def test_what_networks_learned_from_is_said() -> None:
    assert "simulated scans only" in found(found_by="learned")["found-automatically"].message
    assert "anatomy rules" in found(found_by="rules")["found-automatically"].message
