"""Second network of a film: where along the strip each wall is calcified, and the grade of each wall-level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from vascal.models.film_inputs import (
    ACROSS_MM,
    CENTRE_COLUMN,
    STRIP_CHANNELS,
    STRIP_COLUMNS,
    STRIP_ROWS,
    StripPlace,
    cut_strip,
    row_lines,
    strip_channels,
)
from vascal.train.film_looks import change_looks

if TYPE_CHECKING:
    from torch import Tensor, nn

WALL_HALF_MM = 1.0
"""Half width of a calcified wall as it is drawn into the target."""
ROW_SHARE, MAP_SHARE, GRADE_SHARE, TOTAL_SHARE, AORTA_SHARE = 1.0, 2.0, 1.0, 0.1, 0.5
UNKNOWN = 255
TARGET = (3, STRIP_ROWS, STRIP_COLUMNS)
FOUND_SHARE = 0.5
"""Of strips laid where the first network laid them, if it did; the others are laid along the true aorta."""
HARM = 0.3
"""How far blur and grain may go: calcium that is called visible must stay so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmWallTask:
    """Strips along the aorta, laid as imprecisely as the first network lays them.

    Simulated films have their walls point by point. Of other films the eight grades may be known, or their sum.

    Parameters
    ----------
    files
        One ``.npz`` a film, see `vascal.train.film_preparation`.
    is_changed
        Whether strips are moved and shown differently at random; not when they validate.
    """

    files: Sequence[Path]
    is_changed: bool = True

    @property
    def inputs(self) -> int:
        """Channels."""
        return STRIP_CHANNELS

    @property
    def outputs(self) -> int:
        """Calcium of the anterior and of the posterior wall, and the aorta between them."""
        return 3

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Cut one strip."""
        import torch

        with np.load(self.files[number]) as data:
            film = {name: data[name] for name in data.files}
        is_known = "points" in film
        exact = true_place(film) if is_known else stored_place(film)
        place = _draw_place(film, exact, rng) if self.is_changed else exact
        strip = cut_strip(film["image"].astype(np.float32) / 255, place)
        bone = _cut_bone(film, place, rng if self.is_changed else None)
        if self.is_changed:
            strip = change_looks(strip, ACROSS_MM, rng, harm=HARM)
        grades = grades_of(film["visible_fractions"]) if is_known else film["grades"].astype(np.int64)
        target = _draw_target(film["visible"], *_find_walls(film, place)) if is_known else np.full(TARGET, UNKNOWN)
        return {
            "image": torch.from_numpy(strip_channels(strip, bone, place)),
            "target": torch.from_numpy(target.astype(np.uint8)),
            "grades": torch.from_numpy(grades),
            "total": torch.tensor(float(grades.sum()) if is_known else float(film["total"]), dtype=torch.float32),
        }

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Loss of the maps of calcified wall and aorta, of calcified rows, and of the grades as ordered classes."""
        import torch
        from torch.nn import functional

        walls, aorta, rows, grades = network(batch["image"])
        loss: Tensor = 0.0 * walls.sum()
        drawn = batch["target"][:, 0, 0, 0] != UNKNOWN
        if drawn.any():
            target = batch["target"][drawn].float()
            loss = loss + _loss_of_walls(walls[drawn], rows[drawn], target[:, :2])
            inside = functional.binary_cross_entropy_with_logits(aorta[drawn], target[:, 2])
            loss = loss + AORTA_SHARE * inside
        known = batch["grades"] >= 0
        if known.any():
            steps = (batch["grades"][..., None] > torch.arange(3, device=grades.device)).float()
            loss = loss + GRADE_SHARE * functional.binary_cross_entropy_with_logits(grades[known], steps[known])
        summed = ~known.all(1) & torch.isfinite(batch["total"])
        if summed.any():
            totals = torch.sigmoid(grades[summed]).sum((1, 2))
            loss = loss + TOTAL_SHARE * functional.smooth_l1_loss(totals, batch["total"][summed])
        return loss

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Exact and total agreement of grades, and agreement of rows."""
        import torch

        _, aorta, rows, grades = network(batch["image"])
        found = (torch.sigmoid(grades) > 0.5).sum(-1).cpu().numpy()
        true, total = batch["grades"].cpu().numpy(), batch["total"].cpu().numpy()
        target = batch["target"].cpu().numpy()
        marked, is_true = (rows > 0).cpu().numpy(), target[:, :2].max(axis=3) > 0
        drawn = target[:, 0, 0, 0] != UNKNOWN
        inside = (aorta > 0).cpu().numpy()
        return {
            "exact": float((found == true)[true >= 0].mean()) if (true >= 0).any() else float("nan"),
            "mae_total": float(np.nanmean(np.abs(found.sum(1) - total))) if np.isfinite(total).any() else float("nan"),
            "dice_rows": _dice(marked[drawn], is_true[drawn]) if drawn.any() else float("nan"),
            "dice_aorta": _dice(inside[drawn], target[drawn, 2] > 0) if drawn.any() else float("nan"),
        }


def _dice(found: np.ndarray, true: np.ndarray) -> float:
    both, either = np.count_nonzero(found & true), np.count_nonzero(found) + np.count_nonzero(true)
    return 2 * int(both) / max(1, int(either))


def _loss_of_walls(walls: Tensor, rows: Tensor, target: Tensor) -> Tensor:
    """Cross entropy and Dice of the map of calcified wall, and cross entropy of its rows."""
    import torch
    from torch.nn import functional

    entropy = functional.binary_cross_entropy_with_logits(
        walls, target, pos_weight=torch.tensor(4.0, device=walls.device)
    )
    share = torch.sigmoid(walls)
    dice = 1 - (2 * (share * target).sum() + 1) / (share.sum() + target.sum() + 1)
    of_rows = functional.binary_cross_entropy_with_logits(rows, target.amax(3))
    return MAP_SHARE * entropy + 0.5 * dice + ROW_SHARE * of_rows


def grades_of(fractions: np.ndarray) -> np.ndarray:
    """Grade fractions by thirds: (...,) integers."""
    return np.asarray((fractions > 0).astype(np.int64) + (fractions > 1 / 3 + 1e-9) + (fractions > 2 / 3 + 1e-9))


def true_place(film: Mapping[str, np.ndarray]) -> StripPlace:
    """Lay a strip along the true aorta."""
    borders, pixel = film["level_bounds"].astype(np.float64), float(film["spacing_mm"])
    start, forward = row_lines(borders)
    front, back = (_cross(points.astype(np.float64), start, forward)[1] * pixel for points in film["points"])
    return StripPlace(
        borders=borders, centre_mm=(front + back) / 2, half_mm=np.maximum((front - back) / 2, 2.0), pixel_mm=pixel
    )


def _cross(points: np.ndarray, start: np.ndarray, forward: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where each row's line cuts a wall: index of the wall's point, and distance along the line, pixels.

    Beyond both ends of the wall, its last stretch is carried on.
    """
    normal = np.stack([forward[:, 1], -forward[:, 0]], axis=1)
    ahead, behind = points[0] - (points[20] - points[0]) * 4, points[-1] + (points[-1] - points[-21]) * 4
    longer = np.concatenate(
        [np.linspace(ahead, points[0], 80, endpoint=False), points, np.linspace(points[-1], behind, 81)[1:]]
    )
    off = normal @ longer.T - (normal * start).sum(axis=1, keepdims=True)
    index = np.abs(off).argmin(axis=1)
    along = ((longer[index] - start) * forward).sum(axis=1)
    return index - 80, along


def _draw_place(film: Mapping[str, np.ndarray], exact: StripPlace, rng: np.random.Generator) -> StripPlace:
    """Lay a strip as it may lie when a film is read: by the first network, or by the second one's own aorta."""
    if "found_borders" in film and rng.random() < FOUND_SHARE:
        found = StripPlace(
            borders=film["found_borders"].astype(np.float64),
            centre_mm=film["found_centre_mm"].astype(np.float64),
            half_mm=film["found_half_mm"].astype(np.float64),
            pixel_mm=exact.pixel_mm,
        )
        return _disturb(found, rng, 0.4)
    return _disturb(exact, rng, rng.uniform(0.2, 1.2))


def _disturb(place: StripPlace, rng: np.random.Generator, much: float = 1.0) -> StripPlace:
    """Lay a strip a little wrong: levels, middle, width and the direction of its lines."""
    pixel = place.pixel_mm
    borders = place.borders.copy()
    along = borders[1:, 0] - borders[:-1, 0]
    along = np.concatenate([along, along[-1:]]) / np.linalg.norm(along, axis=1).mean()
    shift = much * (rng.normal(0, 0.7) + rng.normal(0, 1.0, 5))
    borders = borders + (along * shift[:, None] / pixel)[:, None]
    borders[:, 1] = borders[:, 0] + _turn(
        borders[:, 1] - borders[:, 0], much * (rng.normal(0, 2.0) + rng.normal(0, 2.5, 5))
    )
    smooth = ndimage.gaussian_filter1d(rng.normal(0, 1, STRIP_ROWS), 40, mode="nearest")
    moved = much * (rng.normal(0, 2.8) + smooth / smooth.std() * abs(rng.normal(0, 2.0)))
    wide = np.exp(much * rng.normal(0, 0.16))
    fresh = StripPlace(borders=borders, centre_mm=place.centre_mm, half_mm=place.half_mm, pixel_mm=pixel)
    start, forward = fresh.lines()
    old_start, old_forward = place.lines()
    # The spinal ends moved along the spine only, so the middle of the aorta is about as far along the new lines.
    middle = old_start + old_forward * (place.centre_mm / pixel)[:, None]
    centre = ((middle - start) * forward).sum(axis=1) * pixel
    return StripPlace(borders=borders, centre_mm=centre + moved, half_mm=place.half_mm * wide, pixel_mm=pixel)


def _turn(vectors: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Turn (border, 2) vectors, each by its own angle."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.stack([c * vectors[:, 0] - s * vectors[:, 1], s * vectors[:, 0] + c * vectors[:, 1]], axis=1)


def stored_place(film: Mapping[str, np.ndarray]) -> StripPlace:
    """Give the strip that the first network laid when the sample was made."""
    return StripPlace(
        borders=film["level_bounds"].astype(np.float64),
        centre_mm=film["centre_mm"].astype(np.float64),
        half_mm=film["half_mm"].astype(np.float64),
        pixel_mm=float(film["spacing_mm"]),
    )


def _cut_bone(film: Mapping[str, np.ndarray], place: StripPlace, rng: np.random.Generator | None) -> np.ndarray:
    """Cut the vertebral bodies as the first network gives them: soft at their edges."""
    at, bodies = place.at(place.columns()), film["vertebrae"]
    if rng is not None:
        at = at + rng.normal(0, 1.0, 2) / place.pixel_mm
    shrunk = np.array(bodies.shape) / np.array(film["image"].shape)
    at = (at + 0.5) * shrunk - 0.5
    # Only the part under the strip is smoothed: films are large.
    top, left = np.clip(np.floor(at.min(axis=(0, 1))).astype(int) - 6, 0, np.array(bodies.shape) - 1)
    bottom, right = np.ceil(at.max(axis=(0, 1))).astype(int) + 7
    part, at = bodies[top : max(bottom, top + 1), left : max(right, left + 1)], at - (top, left)
    is_mask = "points" in film
    soft = ndimage.gaussian_filter((part > 0).astype(np.float32), 1.2) if is_mask else part / np.float32(255)
    return np.asarray(ndimage.map_coordinates(soft, [at[..., 0], at[..., 1]], order=1), dtype=np.float32)


def _find_walls(film: Mapping[str, np.ndarray], place: StripPlace) -> tuple[np.ndarray, np.ndarray]:
    """Find which point of each wall a row meets, and in which column: (wall, strip row)."""
    start, forward = place.lines()
    found = [_cross(points.astype(np.float64), start, forward) for points in film["points"]]
    index = np.stack([one[0] for one in found])
    along = np.stack([one[1] for one in found]) * place.pixel_mm
    return index, (along - place.centre_mm) / ACROSS_MM + CENTRE_COLUMN


def _draw_target(visible: np.ndarray, index: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Draw the calcified stretches of both walls, and the aorta between them: (3, strip row, strip column)."""
    inside = (index >= 0) & (index < visible.shape[1])
    hard = np.stack([visible[wall][np.clip(index[wall], 0, visible.shape[1] - 1)] for wall in range(2)]) & inside
    near = np.abs(np.arange(STRIP_COLUMNS) - columns[..., None]) <= WALL_HALF_MM / ACROSS_MM
    across = np.arange(STRIP_COLUMNS)
    between = (across >= columns.min(axis=0)[:, None]) & (across <= columns.max(axis=0)[:, None])
    return np.concatenate([near & hard[..., None], between[None]]).astype(np.uint8)
