"""What the lesion network sees of a candidate: a patch of the CT, and where the candidate lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from vascal.anatomy.confounders import Candidate
from vascal.anatomy.lattice import AIR_HU, Places, find_flips, interpolate_hu, look_up
from vascal.anatomy.segmenter import Anatomy, RegionMap
from vascal.models.course_net import SPACING_MM, CourseMap
from vascal.models.windows import window
from vascal.regions import COURSE_CLASSES, Region
from vascal.volume import Volume

KINDS = (
    "LM", "LAD", "LCX", "RCA", "aortic wall", "aortic valve", "mitral annulus", "outside the heart", "bone", "metal",
    "noise", "contrast-filled blood",
)  # fmt: skip
"""Answers about a candidate: the first four are coronary calcium."""

PATCH = (16, 24, 24)
"""Slices, rows, columns at 1.5 mm: 24 by 36 by 36 mm."""
CLOSE_MM = (1.5, 0.75, 0.75)
"""Steps of a second patch of as many points, 24 by 18 by 18 mm: whether a stent is hollow is seen only so close."""
CHANNELS = 6
MOST_VOXELS = 600
"""Of a large candidate, evenly picked voxels are looked up."""
METAL_HU = 2000
NOISE_STEP, LEAST_NOISE_HU = 3, 2.0
SOFT_WINDOW, CALCIUM_WINDOW, BRIGHT_WINDOW = (-20.0, 160.0), (350.0, 350.0), (700.0, 700.0)
"""Centre and half width, HU."""
FEATURES = 2 * COURSE_CLASSES + len(Region) + 2 + 3 + 14 + 3
WHERE = slice(2 * COURSE_CLASSES + len(Region) + 2, 2 * COURSE_CLASSES + len(Region) + 5)
"""Which features tell where in the heart the candidate lies."""
SIZE = FEATURES - 17
"""Which feature is the logarithm of the candidate's volume, mm3."""
SIGNIFICANCE = FEATURES - 3
"""Which feature is the candidate's highest significance."""
Patches = Float32[np.ndarray, "candidate channel slice row column"]
Features = Float32[np.ndarray, "candidate feature"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionInputs:
    """All candidates of one scan, as the network takes them.

    Parameters
    ----------
    patches
        (candidate, channel, slice, row, column): fat and vessels, calcium, the candidate itself; then, closer, fat
        and vessels, calcium and metal, the candidate itself.
    features
        (candidate, feature): shares of courses, regions, place in the heart, size and brightness.
    """

    patches: Patches
    features: Features


def describe_candidates(
    volume: Volume, anatomy: Anatomy, courses: CourseMap, candidates: Sequence[Candidate], *, crowd: int | None = None
) -> LesionInputs:
    """Describe candidates for the lesion network.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    anatomy
        Of the same scan, with regions.
    courses
        Of the same scan.
    candidates
        Connected groups of bright voxels.
    crowd
        How many there are in the scan, if these are not all: among many, each is less likely calcium.
    """
    if anatomy.regions is None:
        raise ValueError("regions are needed")
    crowding = np.log10(1 + (len(candidates) if crowd is None else crowd)) / 2
    significance = measure_significance(courses, anatomy.blood_hu or 40.0)
    half = np.asarray(PATCH) // 2
    room = [(int(h), int(h)) for h in half]
    hu = np.pad(courses.hu, room, constant_values=AIR_HU)
    shown = np.stack([window(hu, *SOFT_WINDOW), window(hu, *CALCIUM_WINDOW)])
    patches = np.zeros((len(candidates), CHANNELS, *PATCH), dtype=np.float32)
    turned = volume.hu[tuple(slice(None, None, -1 if flip else 1) for flip in find_flips(volume))]
    features = np.zeros((len(candidates), FEATURES), dtype=np.float32)
    for n, candidate in enumerate(candidates):
        places = courses.lattice.places_of(volume, candidate.index)
        corner = _corner(places, courses)
        box = tuple(slice(c, c + p) for c, p in zip(corner, PATCH, strict=True))
        patches[n, :2] = shown[(slice(None), *box)]
        _mark(patches[n, 2], places - (corner - half)[:, None], np.asarray(volume.grid.spacing_mm) / SPACING_MM)
        patches[n, 3:] = _look_close(turned, volume.grid.spacing_mm, _to_mm(places, courses))
        height = look_up(significance[None], places[:, :: max(1, places.shape[1] // MOST_VOXELS)])[0]
        rest = (float(height.max()), float(height.mean()), crowding)
        features[n] = [*_features(volume, anatomy, anatomy.regions, courses, candidate, places), *rest]
    return LesionInputs(patches=patches, features=features)


def _corner(places: Places, courses: CourseMap) -> np.ndarray:
    """First point of the patch in the padded box: the candidate in the middle, the patch never beyond the padding."""
    middle = np.round(places.mean(axis=1)).astype(int)
    return np.asarray(np.clip(middle, 0, np.asarray(courses.lattice.shape)))


def _to_mm(places: Places, courses: CourseMap) -> Places:
    """Give places in mm from the scan's first voxel after its axes were turned."""
    corner = np.asarray(courses.lattice.corner_mm, dtype=np.float32)
    return np.asarray(places * np.float32(courses.lattice.spacing_mm) + corner[:, None])


def _look_close(turned: np.ndarray, spacing_mm: tuple[float, float, float], mm: Places) -> np.ndarray:
    """Sample the CT itself around a candidate: (channel, slice, row, column)."""
    middle = mm.mean(axis=1)
    first = middle - (np.asarray(PATCH) - 1) / 2 * CLOSE_MM
    boxes, wanted = [], []
    for axis, count in enumerate(PATCH):
        at = (first[axis] + np.arange(count) * CLOSE_MM[axis]) / spacing_mm[axis]
        low = int(np.clip(np.floor(at[0]), 0, turned.shape[axis] - 1))
        high = int(np.clip(np.ceil(at[-1]) + 1, low + 1, turned.shape[axis]))
        boxes.append(slice(low, high))
        wanted.append(at - low)
    hu = interpolate_hu(turned[tuple(boxes)].astype(np.float32), wanted)
    mask = np.zeros(PATCH, dtype=np.float32)
    steps = np.asarray(CLOSE_MM)
    _mark(mask, (mm - first[:, None]) / steps[:, None], np.asarray(spacing_mm) / steps)
    return np.stack([window(hu, *SOFT_WINDOW), window(hu, *BRIGHT_WINDOW), mask])


def _mark(mask: np.ndarray, places: np.ndarray, reach: np.ndarray) -> None:
    """Mark the points that voxels cover, `reach` points long each: voxels larger than the patch's would leave gaps."""
    steps = [(np.arange(n) - (n - 1) / 2) * r / n for r in reach for n in [max(1, int(np.ceil(r - 1e-3)))]]
    for k in steps[0]:
        for i in steps[1]:
            for j in steps[2]:
                # Halves always go up: rounded to even, neighbouring slices would leave every other point out.
                at = np.floor(places + np.array([[k], [i], [j]]) + 0.5).astype(int)
                inside = np.all((at >= 0) & (at < np.asarray(mask.shape)[:, None]), axis=0)
                mask[tuple(at[:, inside])] = 1.0


def describe_course(courses: CourseMap, places: Places) -> np.ndarray:
    """Give mean and largest share of each class at a candidate's places; roots, so that small shares count."""
    share = courses.share_at(places[:, :: max(1, places.shape[1] // MOST_VOXELS)])
    return np.asarray(np.sqrt(np.concatenate([share.mean(axis=1), share.max(axis=1)])))


def measure_significance(courses: CourseMap, blood_hu: float) -> Float32[np.ndarray, "slice row column"]:
    """Give how far the smoothed CT rises above blood, in tenths of its own noise: single specks vanish in it."""
    smooth = ndimage.uniform_filter(courses.hu, 3)
    middle = tuple(
        slice(max(0, round(c - s / 2)), max(0, round(c - s / 2)) + max(8, round(s)))
        for c, s in zip(courses.centre, courses.size, strict=True)
    )
    core = smooth[middle]
    # Differences over a few points hold noise, but little of what the heart is made of.
    step = core[:, :, NOISE_STEP:] - core[:, :, :-NOISE_STEP]
    noise = 1.4826 * float(np.median(np.abs(step))) / np.sqrt(2) if step.size else LEAST_NOISE_HU
    return np.asarray(np.clip((smooth - blood_hu) / max(noise, LEAST_NOISE_HU) / 10, -1, 5), dtype=np.float32)


def _features(
    volume: Volume, anatomy: Anatomy, regions: RegionMap, courses: CourseMap, candidate: Candidate, places: Places
) -> np.ndarray:
    step = max(1, places.shape[1] // MOST_VOXELS)
    coarse = regions.lattice.places_of(volume, candidate.index[::step])
    at = tuple(np.clip(np.round(c).astype(int), 0, n - 1) for c, n in zip(coarse, regions.labels.shape, strict=True))
    region = np.bincount(regions.labels[at], minlength=len(Region)) / at[0].size
    heart = look_up(regions.heart[None], coarse)[0]
    where = (places.mean(axis=1) - courses.centre) / courses.size
    return np.concatenate(
        [
            describe_course(courses, places), region, (heart.mean(), heart.min()),
            np.clip(where, -3, 3), _look(volume, anatomy, candidate, places),
        ]
    )  # fmt: skip


def _look(volume: Volume, anatomy: Anatomy, candidate: Candidate, places: Places) -> np.ndarray:
    """Size, brightness and the scan, each brought to about 1."""
    hu = volume.hu.reshape(-1)[candidate.index]
    blood, noise = anatomy.blood_hu or 40.0, max(anatomy.noise_sd_hu or 15.0, 1.0)
    extent = np.ptp(places, axis=1) * 1.5 + 1.0
    spacing = volume.grid.spacing_mm
    slices = np.ptp(candidate.index // (volume.grid.shape[1] * volume.grid.shape[2])) + 1
    return np.asarray(
        [
            np.log10(candidate.volume_mm3 + 0.1), np.log10(len(candidate.index)), candidate.peak_hu / 1000,
            float(hu.mean()) / 1000, min((candidate.peak_hu - blood) / noise / 10, 5.0), noise / 40, blood / 300,
            float(anatomy.is_contrast_enhanced), spacing[0] / 3, spacing[1], np.log2(slices),
            *np.log10(extent[:2]), float(np.mean(hu >= METAL_HU)),
        ]
    )  # fmt: skip


def shown_hu(patch: np.ndarray) -> np.ndarray:
    """Give the CT numbers that a patch shows: (slice, row, column), between the ends of its windows, HU."""
    soft, calcium = patch[0] * SOFT_WINDOW[1] + SOFT_WINDOW[0], patch[1] * CALCIUM_WINDOW[1] + CALCIUM_WINDOW[0]
    return np.asarray(np.where(patch[0] < 1, soft, np.maximum(calcium, soft)), dtype=np.float32)
