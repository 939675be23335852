"""Report and segmentation of one result: they speak of the same things, and one study holds both."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.io.objects.conftest import ALGORITHM, GradedFilm, ScoredStudy
from tests.io.objects.made_reports import save
from tests.io.objects.test_sr_ct import find, group
from tests.validators import require_consistent, require_valid
from vascal.io.aac_results import aac_to_json
from vascal.io.objects.film_seg import write_film_seg
from vascal.io.objects.seg import SegLayout
from vascal.io.objects.sr_ct import describe_score
from vascal.io.objects.sr_film import describe_film
from vascal.io.objects.sr_reader import read_score_report
from vascal.io.results import report_to_json


@pytest.fixture(scope="module")
def saved(scored_study: ScoredStudy) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(report_to_json(scored_study.scored.report))
    return content


def test_each_group_is_tied_to_the_segment_that_is_tracked_as_the_same(
    scored_study: ScoredStudy, saved: dict[str, Any], tmp_path: Path
) -> None:
    seg = scored_study.write()
    report = save(tmp_path, "sr", describe_score(saved, scored_study.context, seg.reference))
    require_valid(report)
    content, segmentation = pydicom.dcmread(report), pydicom.dcmread(io.BytesIO(seg.data))
    assert len(segmentation.SegmentSequence) == len(find(content, "125007")) > 1
    for segment in segmentation.SegmentSequence:
        one = group(content, segment.TrackingID.removeprefix("vascal "))
        assert segment.TrackingUID == find(one, "112040")[0].UID
        reference = find(one, "121191")[0].ReferencedSOPSequence[0]
        assert reference.ReferencedSegmentNumber == segment.SegmentNumber
        assert reference.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
        site = find(one, "363698007")[0].ConceptCodeSequence[0].CodeValue
        assert site == segment.AnatomicRegionSequence[0].CodeValue
        assert (
            find(one, "121071")[0].ConceptCodeSequence[0].CodeValue
            == segment.SegmentedPropertyTypeCodeSequence[0].CodeValue
        )


def test_a_study_holds_images_segmentation_and_report_without_contradiction(
    scored_study: ScoredStudy, saved: dict[str, Any], tmp_path: Path
) -> None:
    seg = scored_study.write()
    report = save(tmp_path, "sr", describe_score(saved, scored_study.context, seg.reference))
    images = [image.path for image in scored_study.series.images]
    require_consistent(report, save(tmp_path, "seg", seg.data), *images)
    got = read_score_report(report)
    assert got["total"] == saved["total"]
    assert got["vessels"] == saved["vessels"]
    assert got["series"]["series_instance_uid"] == saved["series"]["series_instance_uid"]
    assert set(got["provenance"]["source_uids"]) == set(saved["provenance"]["source_uids"])


def test_a_label_map_leaves_the_report_without_segments(scored_study: ScoredStudy, saved: dict[str, Any]) -> None:
    seg = scored_study.write(SegLayout(encoding="labelmap"))
    content = pydicom.dcmread(io.BytesIO(describe_score(saved, scored_study.context, seg.reference)))
    assert not find(content, "121191")


def test_a_film_report_names_its_segmentation_and_tracks_nothing_under_its_names(
    graded_film: GradedFilm, tmp_path: Path
) -> None:
    scored = graded_film.scored
    seg = write_film_seg(scored.film, scored.reading, graded_film.context, algorithm=ALGORITHM, colours={})
    assert seg is not None
    saved_film: dict[str, Any] = json.loads(aac_to_json(scored.report))
    report = save(tmp_path, "sr", describe_film(saved_film, graded_film.context, seg.reference))
    require_valid(report)
    require_consistent(report, save(tmp_path, "seg", seg.data), graded_film.path)
    content, segmentation = pydicom.dcmread(report), pydicom.dcmread(io.BytesIO(seg.data))
    (pointer,) = find(content, "113076")
    assert pointer.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
    # A wall's grade at a level is something else than the wall's outline or a vertebra's.
    tracked = {one.UID for one in find(content, "112040")}
    assert not tracked & {one.TrackingUID for one in segmentation.SegmentSequence}
    assert read_score_report(report)["total"]["aac24"] == saved_film["total"]["aac24"]
