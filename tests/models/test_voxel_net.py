"""A judge that reads candidates off a map of classes: what it says, and where it runs at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vascal.anatomy.confounders import Candidate
from vascal.anatomy.lattice import Lattice
from vascal.anatomy.segmenter import STRUCTURES, Anatomy, RegionMap
from vascal.models.runtime import ModelEntry, Network
from vascal.models.voxel_net import (
    CLASSES,
    HeartBox,
    VoxelJudge,
    as_verdict,
    classify_points,
    find_points,
    has_voxel_model,
    lay_heart_box,
    stack_slices,
)
from vascal.volume import Grid, LabelMap, Volume

GRID = Grid.even((20, 60, 60), (3.0, 2.0, 2.0))


def shares(**given: float) -> np.ndarray:
    return np.array([[given.get(name, 0.0)] for name in CLASSES], dtype=np.float32)


def make_anatomy(*, heart: bool = True) -> Anatomy:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[5:15, 20:40, 10:30] = 1 if heart else 6
    return Anatomy(
        structures=LabelMap(labels=labels, grid=GRID, names=STRUCTURES), finder="box", blood_hu=40.0, noise_sd_hu=10.0
    )


def make_candidate(where: tuple[int, int, int]) -> Candidate:
    index = np.array([np.ravel_multi_index(where, GRID.shape)])
    return Candidate(
        index=index, peak_hu=500.0, volume_mm3=12.0, center_mm=(0.0, 0.0, 0.0),
        center_index=(float(where[0]), float(where[1]), float(where[2])),
    )  # fmt: skip


@dataclass
class BySlice:
    """Stands for ONNX Runtime: answers LAD where the place channel says upper half, RCA below."""

    flat: bool = False
    seen: list[tuple[int, ...]] = field(default_factory=list)

    def run(self, _: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        image = inputs["image"]
        self.seen.append(image.shape)
        up = image[:, -3] > 0
        logits = np.zeros((1, len(CLASSES), *up.shape[1:]), dtype=np.float32)
        logits[:, 2], logits[:, 4] = 20.0 * up, 20.0 * ~up
        return [logits]


def make_network(session: BySlice, patch: tuple[int, int, int] = (8, 16, 16), dims: int = 3) -> Network:
    settings = {"patch": list(patch), "spatial_dims": dims}
    return Network(ModelEntry(name="voxels", file="", sha256="", version=1, settings=settings), session)


def test_the_box_lies_around_the_heart_by_structures_or_by_regions() -> None:
    volume = Volume(hu=np.zeros(GRID.shape, dtype=np.int16), grid=GRID)
    box = lay_heart_box(volume, make_anatomy())
    assert box is not None
    # Heart: slices 15 to 42 mm, rows 40 to 78, columns 20 to 58; 14 mm more on each side.
    ends = [c + (n - 1) * 1.5 for c, n in zip(box.lattice.corner_mm, box.lattice.shape, strict=True)]
    assert box.lattice.corner_mm == pytest.approx((1.0, 26.0, 6.0), abs=1.6)
    assert ends == pytest.approx((56.0, 92.0, 72.0), abs=1.6)
    middle = np.asarray(box.lattice.corner_mm) + 1.5 * box.centre
    assert middle == pytest.approx((28.5, 59.0, 39.0), abs=0.3)
    share = np.zeros((15, 30, 30), dtype=np.float32)
    share[4:11, 10:20, 5:15] = 1.0
    lattice = Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=4.0, shape=share.shape)
    regions = RegionMap(lattice=lattice, labels=share.astype(np.uint8), heart=share)
    other = lay_heart_box(volume, Anatomy(structures=make_anatomy().structures, finder="net", regions=regions))
    assert other is not None
    assert other.lattice.corner_mm == pytest.approx(box.lattice.corner_mm, abs=4.0)


def test_a_large_heart_gets_no_larger_box_than_memory_allows() -> None:
    grid = Grid.even((80, 100, 100), (4.0, 4.0, 4.0))
    labels = np.ones(grid.shape, dtype=np.uint8)
    anatomy = Anatomy(structures=LabelMap(labels=labels, grid=grid, names=STRUCTURES), finder="all")
    box = lay_heart_box(Volume(hu=np.zeros(grid.shape, dtype=np.int16), grid=grid), anatomy)
    assert box is not None
    assert box.lattice.shape == (128, 144, 160)


@pytest.mark.parametrize(
    ("given", "vessel", "confidence"),
    [
        ({"LAD": 0.8, "other": 0.2}, "LAD", 0.8),
        ({"LAD": 0.4, "LCX": 0.4, "other": 0.2}, "LAD", 0.8),
        ({"LAD": 0.3, "LCX": 0.3, "RCA": 0.3, "other": 0.1}, "unassigned", 0.9),
        # Blur gives the background a part; a bright voxel is none of it.
        ({"background": 0.9, "RCA": 0.08, "other": 0.02}, "RCA", 0.8),
    ],
)
def test_what_the_arteries_hold_together_is_coronary(given: dict[str, float], vessel: str, confidence: float) -> None:
    verdict = as_verdict(shares(**given))
    assert (verdict.vessel, verdict.reason) == (vessel, None)
    assert verdict.confidence == pytest.approx(confidence, abs=1e-3)


def test_what_they_do_not_hold_is_refused_with_its_probability() -> None:
    verdict = as_verdict(shares(LAD=0.3, other=0.7))
    assert (verdict.vessel, verdict.reason, verdict.confidence) == (None, "not coronary calcium", 0.7)
    assert as_verdict(np.zeros((6, 0), dtype=np.float32)).reason == "outside the heart"
    assert as_verdict(shares(background=1.0)).vessel is None


def make_box() -> HeartBox:
    lattice = Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=1.5, shape=(20, 30, 30))
    return HeartBox(lattice=lattice, centre=np.array([9.5, 14.5, 14.5]), size=np.array([5.0, 8.0, 8.0]))


@pytest.mark.parametrize(("patch", "dims"), [((8, 16, 16), 3), ((5, 16, 16), 2), ((1, 7, 9), 2), ((1, 1, 1), 3)])
def test_each_point_gets_the_answer_for_its_place(patch: tuple[int, int, int], dims: int) -> None:
    session, box = BySlice(), make_box()
    points = np.stack(np.meshgrid(*[np.array([0, 3, 9, 10, 19])] * 3, indexing="ij")).reshape(3, -1).astype(np.int64)
    found = classify_points(make_network(session, patch, dims), np.zeros((20, 30, 30), dtype=np.float32), box, points)
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(found.argmax(axis=0), np.where(points[0] > 9.5, 2, 4))
    channels = 5 if dims == 3 else 2 * patch[0] + 3
    assert set(session.seen) == {(1, channels, *patch[3 - dims :])}


def test_where_no_point_is_nothing_runs() -> None:
    session = BySlice()
    points = np.array([[9, 9], [14, 14], [14, 15]])
    classify_points(make_network(session), np.zeros((20, 30, 30), dtype=np.float32), make_box(), points)
    assert len(session.seen) == 1


def test_slices_are_stacked_with_the_place_of_the_middle_one() -> None:
    image = np.arange(5 * 3 * 2 * 2, dtype=np.float32).reshape(5, 3, 2, 2)
    stacked = stack_slices(image)
    assert stacked.shape == (9, 2, 2)
    np.testing.assert_array_equal(stacked[:3], image[0])
    np.testing.assert_array_equal(stacked[3:6], image[1])
    np.testing.assert_array_equal(stacked[6:], image[2:, 1])


def test_candidates_are_judged_by_their_own_voxels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vascal.models.voxel_net.load_network", lambda *_: make_network(BySlice()))
    volume = Volume(hu=np.zeros(GRID.shape, dtype=np.int16), grid=GRID)
    candidates = [make_candidate((6, 30, 20)), make_candidate((13, 30, 20)), make_candidate((10, 59, 59))]
    verdicts = [one.verdict for one in VoxelJudge(folder=tmp_path)(volume, make_anatomy(), candidates)]
    assert [v.vessel for v in verdicts] == ["RCA", "LAD", None]
    assert verdicts[2].reason == "outside the heart"


def test_faint_specks_are_noise_without_a_network(tmp_path: Path) -> None:
    volume = Volume(hu=np.zeros(GRID.shape, dtype=np.int16), grid=GRID)
    speck = Candidate(
        index=np.array([5]), peak_hu=45.0, volume_mm3=1.0, center_mm=(0.0, 0.0, 0.0), center_index=(0.0, 0.0, 5.0)
    )
    (judged,) = VoxelJudge(folder=tmp_path)(volume, make_anatomy(), [speck])
    assert judged.verdict.reason == "noise"
    assert VoxelJudge(folder=tmp_path)(volume, make_anatomy(), []) == ()


def test_without_a_heart_nothing_is_coronary(tmp_path: Path) -> None:
    volume = Volume(hu=np.zeros(GRID.shape, dtype=np.int16), grid=GRID)
    (judged,) = VoxelJudge(folder=tmp_path)(volume, make_anatomy(heart=False), [make_candidate((6, 30, 20))])
    assert (judged.verdict.vessel, judged.verdict.reason) == (None, "outside the heart")


def test_points_of_a_candidate_are_in_the_box() -> None:
    volume = Volume(hu=np.zeros(GRID.shape, dtype=np.int16), grid=GRID)
    box = lay_heart_box(volume, make_anatomy())
    assert box is not None
    assert find_points(volume, box, make_candidate((10, 30, 20))).shape == (3, 1)
    assert find_points(volume, box, make_candidate((10, 59, 59))).shape == (3, 0)


def test_a_folder_says_whether_it_names_voxels(tmp_path: Path) -> None:
    assert not has_voxel_model(None)
    row: dict[str, Any] = {"file": "a", "sha256": "", "version": 1, "settings": {}}
    import json

    (tmp_path / "manifest.json").write_text(json.dumps({"models": {"voxels": row}}))
    assert has_voxel_model(tmp_path)
