"""Each limit of a film is named, and only where it is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.aac.made_film import FACTS, make_film, make_reading
from vascal.aac.aac24 import score_walls
from vascal.aac.reading import FilmReading
from vascal.aac.total_doubt import doubt_aac24
from vascal.radiograph import Radiograph
from vascal.report.caveats import Caveat
from vascal.report.film_caveats import FilmCircumstances, find_film_caveats

ALWAYS = {"found-automatically", "learned-on-simulated-films", "facing", "not-a-medical-device"}


def seen(film: Radiograph | None = None, reading: FilmReading | None = None, **changes: Any) -> FilmCircumstances:
    reading = reading or make_reading()
    score = score_walls({(wall.level, wall.wall): wall.grade for wall in reading.walls})
    circumstances = FilmCircumstances(
        film=film or make_film(), reading=reading, score=score, uncertainty=doubt_aac24(reading.total_probabilities)
    )
    return replace(circumstances, **changes)


def found(film: Radiograph | None = None, reading: FilmReading | None = None, **changes: Any) -> dict[str, Caveat]:
    return {caveat.code: caveat for caveat in find_film_caveats(seen(film, reading, **changes))}


def about(**facts: Any) -> Radiograph:
    return make_film(facts=replace(FACTS, **facts))


def test_a_good_film_has_only_what_holds_for_every_film() -> None:
    assert set(found()) == ALWAYS
    assert found()["facing"].severity == "info"


@pytest.mark.parametrize(
    ("lateral", "severity"), [(0.9, None), (0.89, "caution"), (0.5, "caution"), (0.49, "critical")]
)
def test_a_doubtful_view_is_grave_below_one_half(lateral: float, severity: str | None) -> None:
    caveat = found(reading=make_reading(lateral_probability=lateral)).get("view-in-doubt")
    assert (None if caveat is None else caveat.severity) == severity


def test_a_header_that_says_frontal_is_quoted() -> None:
    assert "calls this view AP" in found(about(view_position="ap"))["view-contradicts-header"].message


@pytest.mark.parametrize(("sure", "severity"), [(0.8, None), (0.79, "caution"), (0.49, "critical")])
def test_doubtful_names_of_levels_are_listed(sure: float, severity: str | None) -> None:
    caveat = found(reading=make_reading(level_confidence={"L1": sure, "L2": 0.95})).get("levels-in-doubt")
    assert (None if caveat is None else caveat.severity) == severity
    if caveat is not None:
        assert f"L1 ({100 * sure:.0f} %)" in caveat.message
        assert "L2" not in caveat.message


def test_without_the_sacrum_the_count_has_no_start() -> None:
    whole = make_reading()
    cut = np.where(whole.vertebrae == 7, 0, whole.vertebrae).astype(np.uint8)
    assert "sacrum-not-seen" in found(reading=replace(whole, vertebrae=cut))
    assert "sacrum-not-seen" not in found(reading=replace(whole, vertebrae=np.zeros_like(cut)))


def test_levels_near_the_edge_and_beyond_it() -> None:
    whole = make_reading()
    assert "coverage-borderline" not in found()
    near, outside = (replace(whole, level_bounds=whole.level_bounds - (shift, 0.0)) for shift in (26.5, 28.0))
    # The first border lies at row 27.2 and a row is 2.8 mm high: 0.7 rows are 2 mm.
    assert "within 2 mm" in found(reading=near)["coverage-borderline"].message
    assert found(reading=outside)["levels-cut-off"].severity == "critical"


def test_what_hides_the_aorta_is_named_with_its_share() -> None:
    caveats = found(reading=make_reading(obstacles={"hardware": 0.2, "overlap": 0.1, "low-contrast": 0.01}))
    assert "20 %" in caveats["hardware"].message
    assert "10 %" in caveats["overlap"].message
    assert not {"low-contrast", "aorta-hidden"} & set(caveats)
    most = found(reading=make_reading(obstacles={"collimation": 0.2, "overlap": 0.14}))
    assert most["aorta-hidden"].severity == "critical"
    assert "34 %" in most["aorta-hidden"].message


def test_a_class_below_seven_in_ten_is_in_doubt() -> None:
    between = np.zeros(25)
    between[[4, 13]] = 0.35, 0.65
    caveat = found(reading=make_reading(total_probabilities=between))["class-in-doubt"]
    assert "moderate 5-15 (65 %) or none or mild 0-4 (35 %)" in caveat.message
    assert "high 6-24 (65 %)" in caveat.message
    assert "4 or more" not in caveat.message


def test_a_total_outside_its_own_interval_is_said() -> None:
    elsewhere = np.eye(25)[11]
    assert "(11 to 11)" in found(reading=make_reading(total_probabilities=elsewhere))["total-outside-interval"].message


def test_who_found_it_is_said_unless_a_person_did() -> None:
    assert {"found-automatically", "learned-on-simulated-films"} <= set(found(found_by="learned"))
    assert "learned-on-simulated-films" not in found(found_by="rules")
    assert not {"found-automatically", "learned-on-simulated-films"} & set(found(found_by="labels"))


@pytest.mark.parametrize(
    "facts",
    [{"manufacturer": "HOLOGIC"}, {"modality": "BMD"}, {"series_description": "Lateral_VFA"}, {"model": "iDXA"}],
)
def test_a_densitometer_is_known_by_maker_kind_or_description(facts: dict[str, str]) -> None:
    caveats = found(about(**facts))
    assert "densitometer" in caveats
    assert "secondary-capture" not in caveats


@pytest.mark.parametrize("facts", [{"modality": "OT"}, {"image_type": ("DERIVED", "SECONDARY")}])
def test_a_secondary_capture_is_known_by_kind_or_image_type(facts: dict[str, Any]) -> None:
    assert "secondary-capture" in found(about(**facts))


def test_a_plain_image_has_no_header() -> None:
    caveats = found(about(source_format="png", modality="", view_position=""))
    assert "no-dicom-header" in caveats
    assert "secondary-capture" not in caveats


def test_where_the_spacing_comes_from_is_said() -> None:
    film = make_film()
    assert found(replace(film, spacing_source="assumed"))["spacing-assumed"].severity == "caution"
    assert found(replace(film, spacing_source="imager-pixel-spacing"))["magnified"].severity == "info"
    assert "magnified" in found(replace(film, spacing_source="nominal"))
    assert not {"magnified", "spacing-assumed"} & set(found(replace(film, spacing_source="stated")))


def test_a_film_that_looks_mirrored_against_its_header_is_said() -> None:
    assert "facing-contradicts-header" in found(about(patient_orientation=("A", "F")))
    assert set(found(about(patient_orientation=("P", "F")))) == ALWAYS
    assert set(found(about(patient_orientation=()))) == ALWAYS


def test_notes_of_the_file_are_passed_on_and_the_gravest_comes_first() -> None:
    caveats = find_film_caveats(seen(replace(make_film(), notes=("a note",)), make_reading(lateral_probability=0.1)))
    assert caveats[0].code == "view-in-doubt"
    assert [caveat.message for caveat in caveats if caveat.code == "film-note"] == ["a note"]
    order = [("critical", "caution", "info").index(caveat.severity) for caveat in caveats]
    assert order == sorted(order)
