"""Where letters stand beside lesions: near, inside the picture, and never on each other or on a lesion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

AWAY = (3.0, 9.0, 17.0, 27.0, 39.0, 53.0, 69.0, 87.0, 107.0)
"""Distances from a lesion's box at which places are tried, in units of the panel."""
TURNS = 16
MOST_PARTS = 8
"""Parts of one thing beside which places are tried."""
FIRST_TURN = -math.pi / 4
"""Up and to the right, where a letter is expected."""
LEADER_FROM = 8.0
"""A letter that stands farther away than this gets a line to its lesion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on a panel; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        """Centre, (x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def touches(self, other: Box) -> bool:
        """Whether both share some area."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def is_inside(self, other: Box) -> bool:
        """Whether it lies in another as a whole."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """Give its point that is nearest to another."""
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPlace:
    """Where a label stands.

    Parameters
    ----------
    box
        What it covers.
    leader
        Line from the label to what it names, ``x1, y1, x2, y2``; None where it stands close.
    """

    box: Box
    leader: tuple[float, float, float, float] | None


def place_labels(
    things: Sequence[Sequence[Box]], sizes: Sequence[tuple[float, float]], panel: Box, taken: Sequence[Box] = ()
) -> tuple[LabelPlace, ...]:
    """Find a place for the label of each thing.

    Parameters
    ----------
    things
        What is named, each as the boxes that it is made of, such as one a row; the first gets the best place.
    sizes
        Width and height of each label.
    panel
        What labels must not leave.
    taken
        What else must stay visible.
    """
    standing = [*taken, *(box for thing in things for box in thing)]
    places = []
    for thing, size in zip(things, sizes, strict=True):
        box = _choose(thing, size, panel, standing)
        standing.append(box)
        places.append(LabelPlace(box=box, leader=_lead(box, thing)))
    return tuple(places)


def _choose(thing: Sequence[Box], size: tuple[float, float], panel: Box, standing: Sequence[Box]) -> Box:
    """Take the first place that is free; where none is, the first inside the panel."""
    inside = [box for box in _try_places(thing, size) if box.is_inside(panel)]
    free = (box for box in inside if not any(box.touches(other) for other in standing))
    return next(free, inside[0] if inside else next(_try_places(thing, size)))


def _try_places(thing: Sequence[Box], size: tuple[float, float]) -> Iterator[Box]:
    """Try around each part of a thing, ever farther away."""
    parts = thing[:: max(1, len(thing) // MOST_PARTS)]
    for away in AWAY:
        for turn in range(TURNS):
            # alternately to both sides of the first way, ever farther round
            angle = FIRST_TURN + (turn + 1) // 2 * (1 if turn % 2 else -1) * 2 * math.pi / TURNS
            way = _square(math.cos(angle)), _square(math.sin(angle))
            yield from (_stand(part, size, away, way) for part in parts)


def _stand(part: Box, size: tuple[float, float], away: float, way: tuple[float, float]) -> Box:
    """Put a label beside a box."""
    (x, y), (width, height) = part.middle, size
    middle_x = x + way[0] * ((part.right - part.left + width) / 2 + away)
    middle_y = y + way[1] * ((part.bottom - part.top + height) / 2 + away)
    left, top = middle_x - width / 2, middle_y - height / 2
    return Box(left=left, top=top, right=left + width, bottom=top + height)


def _square(share: float) -> float:
    """Push a circle out to its square, so that places right beside a thing do not reach into it."""
    return max(-1.0, min(1.0, share * math.sqrt(2.0)))


def _lead(box: Box, thing: Sequence[Box]) -> tuple[float, float, float, float] | None:
    """Give the shortest line from a label to its thing, where it stands away from it."""
    ends = [part.nearest(*box.middle) for part in thing]
    lines = [(*box.nearest(*end), *end) for end in ends]
    x1, y1, x2, y2 = min(lines, key=lambda line: math.hypot(line[2] - line[0], line[3] - line[1]))
    return (x1, y1, x2, y2) if math.hypot(x2 - x1, y2 - y1) > LEADER_FROM else None
