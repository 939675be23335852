"""Calcium by artery, voxel by voxel, in a box around the heart; and a judge that reads it off.

The other way to name calcium: a segmentation network gives each point of a 1.5 mm
lattice its class, and a bright group is what its points are on average. No such
network is embedded; whoever has labelled scans can train one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from vascal.anatomy.confounders import Candidate, Verdict
from vascal.anatomy.lattice import AIR_HU, Hu, Lattice, sample_lattice
from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.finding import Judged, pair
from vascal.models.lesion_net import choose_shown
from vascal.models.runtime import Network, load_network, read_manifest
from vascal.models.windows import Channels, course_channels
from vascal.volume import Volume

MODEL = "voxels"
SPACING_MM = 1.5
MARGIN_MM = 14.0
LARGEST = (128, 144, 160)
"""Slices, rows, columns of the largest box: 19 by 22 by 24 cm."""
CLASSES = ("background", "LM", "LAD", "LCX", "RCA", "other")
"""``other`` is whatever is bright and no coronary calcium."""
ARTERIES = slice(1, 5)
LEAST_VESSEL = 0.45
"""An artery with less than this share of the coronary part is left unassigned."""
NOT_CORONARY = "not coronary calcium"
Points = Int64[np.ndarray, "3 point"]
Shares = Float32[np.ndarray, "kind point"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeartBox:
    """A lattice around the heart.

    Parameters
    ----------
    lattice
        Where its points lie.
    centre, size
        (3,) middle of the heart and twice its standard deviation, lattice points.
    """

    lattice: Lattice
    centre: np.ndarray
    size: np.ndarray


def lay_heart_box(volume: Volume, anatomy: Anatomy) -> HeartBox | None:
    """Lay a lattice around the heart, whoever found it; None without a heart.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    anatomy
        Of the same scan.
    """
    heart = _find_heart_mm(volume, anatomy)
    if not len(heart):
        return None
    middle, spread = heart.mean(axis=0), 2 * np.maximum(heart.std(axis=0), 8.0)
    low, high = heart.min(axis=0) - MARGIN_MM, heart.max(axis=0) + MARGIN_MM
    shape = np.minimum(np.ceil((high - low) / SPACING_MM).astype(int), LARGEST)
    corner = (low + high) / 2 - (shape - 1) / 2 * SPACING_MM
    lattice = Lattice(
        corner_mm=(float(corner[0]), float(corner[1]), float(corner[2])),
        spacing_mm=SPACING_MM,
        shape=(int(shape[0]), int(shape[1]), int(shape[2])),
    )
    return HeartBox(lattice=lattice, centre=(middle - corner) / SPACING_MM, size=spread / SPACING_MM)


def _find_heart_mm(volume: Volume, anatomy: Anatomy) -> np.ndarray:
    """List points of the heart, (point, 3), mm from the scan's first voxel along up, back and left."""
    regions = anatomy.regions
    if regions is not None:
        points = np.argwhere(regions.heart > 0.5).astype(float)
        return np.asarray(points * regions.lattice.spacing_mm + np.asarray(regions.lattice.corner_mm))
    heart = np.flatnonzero(anatomy.structures.labels.reshape(-1) == anatomy.structures.value_of("heart"))
    millimetres = Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=1.0, shape=volume.grid.shape)
    # Some thousand points are enough for a box; a heart has a million voxels.
    return np.asarray(millimetres.places_of(volume, heart[:: max(1, len(heart) // 20_000)]).T, dtype=float)


def stack_slices(image: Channels) -> Float32[np.ndarray, "stacked row column"]:
    """Turn a few neighbouring slices into the channels of one: the CT's of all, the place's of the middle one."""
    shown, place = image[:2], image[2:, image.shape[1] // 2]
    return np.concatenate([shown.reshape(-1, *image.shape[2:]), place])


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxelJudge:
    """Judges candidates by the classes of their voxels; implements `vascal.calcium.finding.Judge`.

    Parameters
    ----------
    folder
        Where ``vascal train cac`` has put the network.
    """

    folder: Path

    def __call__(self, volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[Judged, ...]:
        """Judge every candidate: a coronary artery, or why not.

        Parameters
        ----------
        volume
            CT: (slice, row, column), HU.
        anatomy
            Of the same scan.
        candidates
            Connected groups of bright voxels in and near the heart.

        Returns
        -------
        tuple of Judged
            One a candidate, in the same order.
        """
        box = lay_heart_box(volume, anatomy)
        if box is None:
            nothing = Verdict(vessel=None, reason="outside the heart", confidence=1.0)
            return pair(candidates, [nothing] * len(candidates))
        verdicts = [Verdict(vessel=None, reason="noise", confidence=0.9)] * len(candidates)
        shown = choose_shown(anatomy, candidates) if candidates else []
        if shown:
            network = load_network(MODEL, self.folder)
            points = [find_points(volume, box, candidates[n]) for n in shown]
            shares = classify_points(network, sample_lattice(volume, box.lattice), box, np.concatenate(points, axis=1))
            ends = np.cumsum([part.shape[1] for part in points])
            for n, part in zip(shown, np.split(shares, ends[:-1], axis=1), strict=True):
                verdicts[n] = as_verdict(part)
        return pair(candidates, verdicts)


def find_points(volume: Volume, box: HeartBox, candidate: Candidate) -> Points:
    """List the points of the box that are nearest to a candidate's voxels; none where it lies beyond the box."""
    near = np.round(box.lattice.places_of(volume, candidate.index)).astype(np.int64)
    inside = np.all((near >= 0) & (near < np.asarray(box.lattice.shape)[:, None]), axis=0)
    return near[:, inside]


def as_verdict(shares: Shares) -> Verdict:
    """Turn the shares at a candidate's points into a verdict.

    Its voxels are bright, so "background" can not be: what is left to it by
    blur is divided among the other classes.
    """
    if not shares.shape[1]:
        return Verdict(vessel=None, reason="outside the heart", confidence=1.0)
    mean = shares.mean(axis=1)
    coronary = float(mean[ARTERIES].sum() / max(float(mean[1:].sum()), 1e-6))
    if coronary < 0.5:
        return Verdict(vessel=None, reason=NOT_CORONARY, confidence=round(1 - coronary, 3))
    best = 1 + int(np.argmax(mean[ARTERIES]))
    is_sure = mean[best] >= LEAST_VESSEL * mean[ARTERIES].sum()
    return Verdict(vessel=CLASSES[best] if is_sure else "unassigned", reason=None, confidence=round(coronary, 3))


def classify_points(network: Network, hu: Hu, box: HeartBox, points: Points) -> Shares:
    """Give the share of each class at points of the box.

    Parameters
    ----------
    network
        Its settings hold ``patch`` (slices, rows, columns) and ``spatial_dims``.
    hu
        The CT on the box, HU.
    box
        Around the heart.
    points
        (3, point): slice, row, column in the box.

    Notes
    -----
    The network runs on patches as large as it was trained on, each answering for its
    middle; where there are no points it does not run at all.
    """
    shares = np.zeros((len(CLASSES), points.shape[1]), dtype=np.float32)
    for image, at, chosen in _cut_patches(network.entry.settings, hu, box, points):
        (logits,) = network.run(image=image[None])
        answer = logits[0].astype(np.float64)
        found = answer[:, at[1], at[2]] if answer.ndim == 3 else answer[:, at[0], at[1], at[2]]
        odds = np.exp(found - found.max(axis=0))
        shares[:, chosen] = odds / odds.sum(axis=0)
    return shares


def _cut_patches(
    settings: Any, hu: Hu, box: HeartBox, points: Points
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Cut the patches whose middles hold points: image, places in it, and which points those are."""
    patch = np.array(settings["patch"])
    is_flat = settings["spatial_dims"] == 2
    middle = np.array([1, *patch[1:] // 2]) if is_flat else np.maximum(1, patch // 2)
    around = (patch - middle) // 2
    room = [(int(p), int(p)) for p in patch]
    padded = np.pad(hu, room, constant_values=np.float32(AIR_HU))
    tiles, owner = np.unique(points // middle[:, None], axis=1, return_inverse=True)
    for n, tile in enumerate(tiles.T):
        corner = tile * middle - around
        crop = padded[tuple(slice(c + p, c + 2 * p) for c, p in zip(corner, patch, strict=True))]
        image = course_channels(crop, box.centre - corner, box.size)
        chosen = np.flatnonzero(owner.reshape(-1) == n)
        yield (stack_slices(image) if is_flat else image), points[:, chosen] - corner[:, None], chosen


def has_voxel_model(folder: Path | None) -> bool:
    """Tell whether a folder of models names calcium voxel by voxel."""
    return folder is not None and MODEL in read_manifest(folder)
