"""Each lesion is followed through a series of scans."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.lesion_sets import grow, make_lesions, move
from vascal.risk.lesion_tracks import track_lesions


def test_lesions_are_followed_through_three_scans_that_all_lie_differently() -> None:
    first = make_lesions()
    second = move(grow(first, 1.2), (10.0, 5.0, -20.0))
    third = move(grow(second, 1.2), (-4.0, 12.0, 33.0))
    tracks = track_lesions([first, second, third])
    assert [track.kind for track in tracks] == ["same"] * 9
    assert all(len(set(track.ids)) == 1 for track in tracks)
    assert tracks[1].agatston == pytest.approx((120.0, 144.0, 172.8))
    assert tracks[1].vessels == ("LAD",)
    assert all(track.is_sure for track in tracks)


def test_new_vanished_and_passing_lesions_are_named() -> None:
    lesions = {lesion.id: lesion for lesion in make_lesions()}
    scans = [[lesions[i] for i in ids] for ids in ((1, 2, 3, 5, 6, 7), (1, 2, 3, 5, 6, 7, 8, 9), (1, 2, 3, 5, 6, 9))]
    kinds = {track.ids: track.kind for track in track_lesions(scans)}
    assert kinds[(7,), (7,), ()] == "vanished"
    assert kinds[(), (9,), (9,)] == "new"
    assert kinds[(), (8,), ()] == "passing"
    assert kinds[(1,), (1,), (1,)] == "same"


def test_merged_split_and_mixed_lesions_are_named_by_their_number_at_both_ends() -> None:
    lesions = make_lesions()
    x, y, z = lesions[1].center_mm
    part = replace(lesions[1], id=10, center_mm=(x, y - 8.0, z), volume_mm3=30.0, agatston=60.0)
    two = (*lesions, part)
    one = tuple(replace(lesion, volume_mm3=110.0, agatston=220.0) if lesion.id == 2 else lesion for lesion in lesions)

    def kind(*scans: tuple[object, ...]) -> tuple[str, tuple[float, ...], bool]:
        (track,) = (track for track in track_lesions(scans) if 2 in track.ids[0])  # type: ignore[arg-type]
        return track.kind, track.agatston, track.is_sure

    assert kind(two, one) == ("merged", (180.0, 220.0), False)
    assert kind(one, two) == ("split", (220.0, 180.0), False)
    assert kind(two, one, two)[0] == "mixed"


@settings(max_examples=25)
@given(st.lists(st.sets(st.integers(1, 9)), min_size=2, max_size=4))
def test_every_lesion_of_every_scan_is_in_one_track(chosen: list[set[int]]) -> None:
    lesions = {lesion.id: lesion for lesion in make_lesions()}
    scans = [[lesions[i] for i in sorted(ids)] for ids in chosen]
    tracks = track_lesions(scans)
    for scan, ids in enumerate(chosen):
        assert sorted(i for track in tracks for i in track.ids[scan]) == sorted(ids)
        total = sum(track.agatston[scan] for track in tracks)
        assert abs(total - sum(lesion.agatston for lesion in scans[scan])) < 1e-9
