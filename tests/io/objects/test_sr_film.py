"""A graded film as structured report: every grade at its place, valid, and no AAC-24 where it must not be quoted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import highdicom as hd
import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.io.objects.made_reports import make_context, make_film_source, make_saved_film, make_segmentation, save
from tests.io.objects.test_sr_ct import code_of, find, group, items, name_of, number
from tests.validators import require_consistent, require_template, require_valid
from vascal.errors import InputError
from vascal.io.objects.sr_film import describe_film
from vascal.wall_levels import LEVELS, WALL_LEVELS

SAVED: dict[str, dict[str, Any]] = {
    "graded": {},
    "zero": {"is_zero": True},
    "no AAC-8": {"has_aac8": False},
    "not quotable": {"quotable": False},
}


def write(saved: dict[str, Any], *, has_seg: bool = False) -> bytes:
    segmentation = make_segmentation({"vessels": {}}) if has_seg else None
    return describe_film(saved, make_context(saved, (make_film_source(),)), segmentation)


def describe(*, has_seg: bool = False, **what: Any) -> Dataset:
    return pydicom.dcmread(io.BytesIO(write(make_saved_film(**what), has_seg=has_seg)))


@pytest.mark.parametrize("kind", SAVED)
@pytest.mark.parametrize("has_seg", [True, False])
def test_a_report_follows_its_object_definition(kind: str, has_seg: bool, tmp_path: Path) -> None:
    require_valid(save(tmp_path, "sr", write(make_saved_film(**SAVED[kind]), has_seg=has_seg)))


def test_a_report_follows_its_template(tmp_path: Path) -> None:
    warnings = require_template(save(tmp_path, "sr", write(make_saved_film(), has_seg=True)))
    assert all("CAVEAT" in one for one in warnings), warnings


def test_a_report_agrees_with_its_film(tmp_path: Path) -> None:
    film = make_film_source()
    film.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    require_consistent(save(tmp_path, "sr", write(make_saved_film())), tmp_path / "film.dcm")


def test_the_total_has_its_parts_classes_and_interval() -> None:
    content = describe()
    total = group(content, "AAC-24")
    expected = {
        "AAC24": 13, "AAC24-ANTERIOR": 6, "AAC24-POSTERIOR": 7, "AAC-SEGMENTS": 4, "AAC-AP": 7, "AAC8": 4,
        "AAC8-ANTERIOR": 2, "AAC8-POSTERIOR": 2, "INTERVAL-LEVEL": 0.95,
    }  # fmt: skip
    assert {name: number(find(total, name)[0]) for name in expected} == expected
    assert number(find(total, "INTERVAL-LOW")[0]) <= 13 <= number(find(total, "INTERVAL-HIGH")[0])
    assert code_of(find(total, "363698007")[0]) == "7832008"  # abdominal aorta
    classes = {
        name: code_of(find(content, name)[0]) for name in ("CLASS-KIDNEY", "CLASS-POPULATION", "CLASS-MASTERPLAN")
    }
    assert list(classes.values()) == ["KIDNEY-MODERATE", "POP-HIGH", "MASTER-4-OR-MORE"]
    assert code_of(find(content, "AAC8-UNIT")[0]) == "HEIGHT-LEVEL"


def test_every_wall_is_graded_at_its_level_and_side() -> None:
    content = describe()
    saved = make_saved_film()
    vertebrae = dict(zip(LEVELS, ("66794005", "14293000", "36470004", "11994002"), strict=True))
    sides = {"anterior": "255549009", "posterior": "255551008"}
    for level, wall in WALL_LEVELS:
        one = group(content, f"{level} {wall}")
        aorta, vertebra = find(one, "363698007")
        assert (code_of(aorta), code_of(find(aorta, "106233006")[0])) == ("7832008", sides[wall])
        assert code_of(vertebra) == vertebrae[level]
        grade = saved["levels"][level][wall]["grade"]
        assert number(find(one, "AAC-GRADE")[0]) == grade
        assert bool(find(one, "121071")) == (grade > 0)
    for level in LEVELS:
        assert number(find(group(content, f"level {level}"), "AAC24-LEVEL")[0]) == saved["levels"][level]["points"]


def test_the_total_points_to_the_film_and_to_its_segmentation() -> None:
    content = describe(has_seg=True)
    uids = [make_film_source().SOPInstanceUID, "2.25.4711"]
    images = [one for one in items(group(content, "AAC-24")) if one.get("ValueType") == "IMAGE"]
    assert [one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for one in images] == uids
    evidence = content.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert [one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for one in evidence] == uids
    assert not find(content, "121191")  # which would make a volume of it


def test_a_total_that_must_not_be_quoted_is_nowhere_coded_as_aac_24() -> None:
    content = describe(quotable=False)
    names = {name_of(item)[0] for item in items(content)}
    assert not {one for one in names if one.startswith(("AAC24", "AAC8", "CLASS-", "INTERVAL-"))}
    assert "121071" not in names
    assert number(find(group(content, "AAC-24"), "AAC-SUM")[0]) == 13
    assert content.CompletionFlag == "PARTIAL"
    assert content.CompletionFlagDescription.startswith("Total must not be quoted: ")
    assert len(find(content, "AAC-GRADE")) == 8


def test_a_film_without_calcification_has_a_total_of_zero_and_no_finding() -> None:
    content = describe(is_zero=True)
    assert number(find(group(content, "AAC-24"), "AAC24")[0]) == 0
    assert not find(content, "121071")


def test_without_vertebral_heights_there_is_no_aac_8() -> None:
    content = describe(has_aac8=False)
    assert not find(content, "AAC8", "AAC8-ANTERIOR", "AAC8-UNIT")


def test_levels_that_nobody_is_sure_of_have_no_confidence() -> None:
    saved = make_saved_film(quotable=False)
    for level in LEVELS:
        saved["levels"][level]["confidence"] = None
    content = pydicom.dcmread(io.BytesIO(write(saved)))
    assert len(find(content, "125007")) == 1 + 8


def test_the_same_film_gives_the_same_bytes() -> None:
    assert write(make_saved_film()) == write(make_saved_film())


def test_highdicom_reads_the_groups() -> None:
    content = hd.sr.srread(io.BytesIO(write(make_saved_film(), has_seg=True))).content
    assert isinstance(content, hd.sr.MeasurementReport)
    groups = content.get_image_measurement_groups()
    assert len(groups) == 1 + 4 + 8
    (total,) = (one for one in groups if one.tracking_identifier == "vascal AAC-24")
    assert total.get_measurements(hd.sr.CodedConcept("AAC24", "99VASCAL", "any"))[0].value == 13


def test_a_calcium_score_is_no_film() -> None:
    saved = make_saved_film() | {"schema": "vascal.score/1"}
    with pytest.raises(InputError, match=r"needed: 'vascal.aac/1'"):
        write(saved)


def test_another_film_is_refused() -> None:
    saved = make_saved_film()
    other = make_film_source()
    other.SOPInstanceUID = "1.2.3"
    with pytest.raises(InputError, match="1 of 1 images are not those of the score"):
        describe_film(saved, make_context(saved, (other,)))
