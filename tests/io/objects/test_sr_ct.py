"""A calcium score as structured report: valid for those who check, readable for others, careful when in doubt."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom as hd
import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.io.make_ct import make_enhanced
from tests.io.objects.made_reports import (
    DOUBT,
    STUDY,
    make_context,
    make_saved,
    make_segmentation,
    make_slices,
    save,
    share_out,
    without_calcium,
)
from tests.validators import require_consistent, require_template, require_valid
from vascal.errors import InputError
from vascal.io.objects.segments import ALL, tracking_uid
from vascal.io.objects.sr_ct import describe_score

SCORE, SUM = ("450360000", "SCT"), ("CALCIUM-SUM", "99VASCAL")
CALCIUM_CODES = {SCORE, ("112058", "DCM"), ("112197", "DCM"), ("112199", "DCM"), ("122660", "DCM"), ("122661", "DCM")}


def with_doubt() -> dict[str, Any]:
    saved = make_saved()
    saved["interpretation"]["uncertainty"] = DOUBT
    return saved


def named_oddly() -> dict[str, Any]:
    return share_out(make_saved(), {"LAD": 0.25, "unassigned": 0.25, "ramus <1> & Größe": 0.5})


SAVED: dict[str, Callable[[], dict[str, Any]]] = {
    "two vessels": with_doubt,
    "all vessels": lambda: share_out(make_saved(), {"LM": 0.125, "LAD": 0.5, "LCX": 0.25, "RCA": 0.125}),
    "one vessel": lambda: share_out(make_saved(), {"LAD": 1.0}),
    "unassigned": lambda: share_out(make_saved(), {"unassigned": 1.0}),
    "other names": named_oddly,
    "zero": without_calcium,
    "not quotable": lambda: make_saved(quotable=False),
}


def describe(saved: dict[str, Any], *, has_seg: bool = True) -> Dataset:
    segmentation = make_segmentation(saved) if has_seg else None
    return pydicom.dcmread(io.BytesIO(describe_score(saved, make_context(saved), segmentation)))


def items(content: Dataset) -> Iterator[Dataset]:
    yield content
    for child in content.get("ContentSequence") or ():
        yield from items(child)


def name_of(item: Dataset) -> tuple[str, str]:
    code = item.get("ConceptNameCodeSequence")
    return ("", "") if code is None else (str(code[0].CodeValue), str(code[0].CodingSchemeDesignator))


def find(content: Dataset, *name: str) -> list[Dataset]:
    return [item for item in items(content) if name_of(item)[0] in name]


def group(content: Dataset, name: str) -> Dataset:
    (found,) = (g for g in find(content, "125007") if find(g, "112039")[0].TextValue == f"vascal {name}")
    return found


def code_of(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeValue)


def number(item: Dataset) -> float:
    return float(item.MeasuredValueSequence[0].NumericValue)


@pytest.mark.parametrize("kind", SAVED)
@pytest.mark.parametrize("has_seg", [True, False])
def test_a_report_follows_its_object_definition(kind: str, has_seg: bool, tmp_path: Path) -> None:
    saved = SAVED[kind]()
    segmentation = make_segmentation(saved) if has_seg else None
    require_valid(save(tmp_path, "sr", describe_score(saved, make_context(saved), segmentation)))


@pytest.mark.parametrize("kind", ["two vessels", "zero"])
def test_a_report_follows_its_template(kind: str, tmp_path: Path) -> None:
    saved = SAVED[kind]()
    warnings = require_template(
        save(tmp_path, "sr", describe_score(saved, make_context(saved), make_segmentation(saved)))
    )
    # TID 1500 can be extended; this is all that is not in it.
    assert all("CAVEAT" in one or "KVP" in one for one in warnings), warnings


def test_a_report_agrees_with_its_images(tmp_path: Path) -> None:
    saved, slices = make_saved(), make_slices()
    paths = [tmp_path / f"{number}.dcm" for number in range(len(slices))]
    for path, one in zip(paths, slices, strict=True):
        one.save_as(path, enforce_file_format=True)

    require_consistent(save(tmp_path, "sr", describe_score(saved, make_context(saved))), *paths)


def test_the_total_points_to_the_segment_of_all_calcium_and_each_vessel_to_its_own() -> None:
    saved = make_saved()
    segmentation = make_segmentation(saved)
    content = describe(saved)
    for name, value in ((ALL, 12.5), ("LM", 4.5), ("RCA", 8.0)):
        one = group(content, name)
        (segment,) = find(one, "121191")
        (score,) = find(one, "450360000")
        assert segment.ReferencedSOPSequence[0].ReferencedSegmentNumber == segmentation.segment_numbers[name]
        assert "ReferencedFrameNumber" not in segment.ReferencedSOPSequence[0]
        assert number(score) == value
        assert score.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "[arb'U]"
        assert find(score, "370129005")[0].ConceptCodeSequence[0].CodeValue == "112055"


def test_finding_site_is_the_artery_and_the_total_is_of_the_coronary_arteries() -> None:
    content = describe(named_oddly())
    sites = {
        name: find(group(content, name), "363698007")[0] for name in ("LAD", "unassigned", ALL, "ramus <1> & Größe")
    }
    codes = {name: site.ConceptCodeSequence[0].CodeValue for name, site in sites.items()}
    assert codes == {"LAD": "59438005", "unassigned": "41801008", ALL: "41801008", "ramus <1> & Größe": "41801008"}
    more = {name: find(site, "106233006") for name, site in sites.items()}
    assert {name: [one.ConceptCodeSequence[0].CodeValue for one in found] for name, found in more.items()} == {
        "LAD": [],
        "unassigned": ["UNASSIGNED"],
        ALL: ["ALL-CORONARY"],
        "ramus <1> & Größe": ["OTHER-VESSEL"],
    }


def test_what_is_measured_is_tracked_as_in_the_segmentation() -> None:
    saved = make_saved()
    content, context = describe(saved), make_context(saved)
    for name in (ALL, "LM", "RCA"):
        assert tracking_uid(context, name) == find(group(content, name), "112040")[0].UID


@pytest.mark.parametrize("kind", SAVED)
def test_a_document_has_groups_of_one_kind(kind: str) -> None:
    saved = SAVED[kind]()
    groups = find(describe(saved), "125007")
    assert len({bool(find(one, "121191")) for one in groups}) == 1
    assert len(groups) == 1 + sum(one["lesions"] > 0 for one in saved["vessels"].values())


def test_a_label_map_has_no_segment_of_all_calcium_so_its_report_stands_alone() -> None:
    saved = make_saved()
    segmentation = make_segmentation(saved, has_all=False)
    content = pydicom.dcmread(io.BytesIO(describe_score(saved, make_context(saved), segmentation)))
    assert not find(content, "121191")
    assert number(find(group(content, ALL), "450360000")[0]) == 12.5
    assert "2.25.4711" not in str(content)


def test_a_scan_without_calcium_still_states_a_total_of_zero() -> None:
    content = describe(without_calcium())
    (only,) = find(content, "125007")
    assert number(find(only, "450360000")[0]) == 0
    assert number(find(only, "LESIONS")[0]) == 0
    assert not find(only, "121071")  # no finding of calcification
    clear = [one.ConceptCodeSequence[0].CodeValue for one in find(content, "NO-CALCIUM-IN")]
    assert clear == ["3227004", "59438005", "57396003", "13647002"]


def test_a_total_that_must_not_be_quoted_is_nowhere_coded_as_a_calcium_score() -> None:
    saved = make_saved(quotable=False)
    content = describe(saved)
    assert not {name_of(item) for item in items(content)} & CALCIUM_CODES
    assert not find(content, "CAC-CATEGORY", "CAC-DRS-A", "INTERVAL-LOW", "121071", "NO-CALCIUM-IN")
    assert number(find(group(content, ALL), "CALCIUM-SUM")[0]) == 12.5
    assert find(content, "QUOTABLE")[0].ConceptCodeSequence[0].CodeValue == "373067005"  # no
    assert content.CompletionFlag == "PARTIAL"
    assert content.CompletionFlagDescription == "Total must not be quoted: contrast"
    (critical,) = (one for one in find(content, "CAVEAT") if code_of(find(one, "CAVEAT-SEVERITY")[0]) == "CRITICAL")
    assert find(critical, "CAVEAT-CODE")[0].TextValue == "contrast"
    assert critical.TextValue == saved["caveats"][0]["message"]


def test_nobody_has_verified_a_report() -> None:
    content = describe(make_saved())
    assert (content.VerificationFlag, content.PreliminaryFlag, content.CompletionFlag) == (
        "UNVERIFIED", "PRELIMINARY", "COMPLETE"
    )  # fmt: skip
    assert "VerifyingObserverSequence" not in content
    assert content.AuthorObserverSequence[0].ObserverType == "DEV"


def test_categories_interval_and_scan_are_stated() -> None:
    content = describe(with_doubt())
    total = group(content, ALL)
    assert find(content, "CAC-CATEGORY")[0].ConceptCodeSequence[0].CodeValue == "CAC-11-100"
    assert find(content, "CAC-DRS-A")[0].ConceptCodeSequence[0].CodeValue == "A1"
    assert find(content, "CAC-DRS-N")[0].ConceptCodeSequence[0].CodeValue == "N2"
    assert [number(find(total, name)[0]) for name in ("INTERVAL-LOW", "INTERVAL-HIGH", "INTERVAL-LEVEL")] == [
        3.1415927, 31.415927, 0.95
    ]  # fmt: skip
    assert number(find(content, "113733")[0]) == 120  # kV
    assert find(content, "GATED")[0].ConceptCodeSequence[0].CodeValue == "373066001"  # yes


def test_gating_that_is_not_known_is_said_to_be_undetermined() -> None:
    saved = make_saved()
    saved["series"]["acquisition"]["gating"]["is_gated"] = None
    saved["series"]["acquisition"]["kvp"] = None
    content = describe(saved)
    assert find(content, "GATED")[0].ConceptCodeSequence[0].CodeValue == "373068000"
    assert not find(content, "113733")


def test_software_rule_and_weights_are_named() -> None:
    saved = make_saved()
    saved["provenance"] |= {"finder": "cardia-3-4f5e6d7c", "options": {"kvp": "100"}}
    content = describe(saved)
    parameters = {one.TextValue for one in find(content, "111002")}
    assert {
        "finder=cardia-3-4f5e6d7c",
        "rule.name=agatston-1990",
        "rule.threshold_hu=130.0",
        "option.kvp=100",
    } <= parameters
    assert find(content, "121016")[0].TextValue == "cardia-3-4f5e6d7c"
    assert find(content, "121012")[0].UID == find(describe(saved), "121012")[0].UID
    assert find(content, "121012")[0].UID != find(describe(make_saved()), "121012")[0].UID  # other weights


def test_everything_that_is_pointed_to_is_listed_as_evidence() -> None:
    content = describe(make_saved())
    listed = {
        (one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID)
        for study in content.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    pointed = {
        (one.ReferencedSOPSequence[0].ReferencedSOPClassUID, one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        for one in items(content)
        if one.get("ValueType") == "IMAGE"
    }
    assert listed == pointed
    assert len(listed) == 7  # six slices and a segmentation


def test_the_same_score_gives_the_same_bytes_and_another_one_another_object() -> None:
    saved = make_saved()
    first, second = (describe_score(saved, make_context(saved), make_segmentation(saved)) for _ in range(2))
    assert first == second
    zero = without_calcium()
    assert describe(zero).SOPInstanceUID != describe(saved).SOPInstanceUID


def test_time_is_that_of_the_images() -> None:
    content = describe(make_saved())
    assert (content.ContentDate, content.ContentTime) == ("20200301", STUDY["StudyTime"])
    assert content.SeriesNumber == 392


def test_four_hundred_slices_make_a_report_of_less_than_150_kilobytes() -> None:
    slices = make_slices(400)
    saved = make_saved()
    saved["provenance"]["source_uids"] = [str(one.SOPInstanceUID) for one in slices]
    data = describe_score(saved, make_context(saved, slices), make_segmentation(saved))
    assert len(find(pydicom.dcmread(io.BytesIO(data)), "126200")[0].ContentSequence) > 400
    assert len(data) < 150_000


def test_a_multi_frame_object_is_one_source(tmp_path: Path) -> None:
    enhanced = make_enhanced((0.0, 3.0, 6.0), **STUDY)
    del enhanced.PixelData
    saved = make_saved()
    saved["provenance"]["source_uids"] = [str(enhanced.SOPInstanceUID)]
    path = save(tmp_path, "sr", describe_score(saved, make_context(saved, (enhanced,)), make_segmentation(saved)))
    require_valid(path)
    assert sum(one.get("ValueType") == "IMAGE" for one in items(pydicom.dcmread(path))) == 1 + 3


def test_highdicom_reads_groups_measurements_and_evaluations() -> None:
    saved = make_saved()
    data = describe_score(saved, make_context(saved), make_segmentation(saved))
    report = hd.sr.srread(io.BytesIO(data))
    assert isinstance(report, hd.sr.Comprehensive3DSR)
    content = report.content
    assert isinstance(content, hd.sr.MeasurementReport)
    groups = {one.tracking_identifier: one for one in content.get_volumetric_roi_measurement_groups()}
    assert set(groups) == {"vascal all", "vascal LM", "vascal RCA"}
    for name, value in (("all", 12.5), ("LM", 4.5), ("RCA", 8.0)):
        (score,) = groups[f"vascal {name}"].get_measurements(hd.sr.CodedConcept("450360000", "SCT", "any"))
        assert (score.value, score.unit.value) == (value, "[arb'U]")
        assert groups[f"vascal {name}"].referenced_segment is not None
    alone = hd.sr.srread(io.BytesIO(describe_score(saved, make_context(saved)))).content
    assert isinstance(alone, hd.sr.MeasurementReport)
    assert {one.tracking_identifier for one in alone.get_image_measurement_groups()} == set(groups)


def test_other_images_than_those_of_the_score_are_refused() -> None:
    saved = make_saved()
    with pytest.raises(InputError, match="6 of 6 images are not those of the score"):
        describe_score(saved | {"provenance": saved["provenance"] | {"source_uids": ["1.2"]}}, make_context(saved))


def test_a_film_is_no_calcium_score() -> None:
    saved = make_saved()
    with pytest.raises(InputError, match=r"needed: 'vascal.score/1'"):
        describe_score(saved | {"schema": "vascal.aac/1"}, make_context(saved))


def test_images_of_two_series_are_listed_under_each() -> None:
    saved, slices = make_saved(), make_slices()
    slices[5].SeriesInstanceUID = "1.2.3.99"
    context = replace(make_context(saved), sources=slices)
    content = pydicom.dcmread(io.BytesIO(describe_score(saved, context)))
    (study,) = content.CurrentRequestedProcedureEvidenceSequence
    assert [len(one.ReferencedSOPSequence) for one in study.ReferencedSeriesSequence] == [5, 1]
