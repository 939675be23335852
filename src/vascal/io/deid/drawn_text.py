"""Letters that a machine drew into an image: lines of at least three alike, found by their shape.

Drawn letters stand in rows, are of one or two heights, and all have the same value, which nothing that was imaged
has. So the rows are looked for, not the words: no name is read, and no dictionary or network is needed. One letter
alone is not text: the lead markers L and R stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from vascal.io.deid.strokes import Parts, Picture, find_parts, to_unsigned, turned

Pixels = Shaped[np.ndarray, "row column"]
Pairs = Int[np.ndarray, "pair 2"]

STEPS = (1, 2, 4)
"""Every pixel, every second, every fourth: the larger the letters, the fewer pixels are looked at."""
LEAST_HEIGHT = {1: 6, 2: 12, 4: 12}
"""Of a letter, in pixels that are looked at; smaller ones are found among more pixels."""
MOST_HEIGHT = 48
MOST_WORDS = 20
"""Beside a line that are taken along one after the other."""
LEAST_SIDE = 24
"""A smaller picture holds no line of text."""
LEAST_LETTERS = 3
TINY = 16
"""Letters of up to so many pixels may touch each other."""
MOST_LINES = 400
"""In one picture; more are a page of writing, or texture, and one box holds them all."""
MOST_KINDS = 9
"""Clear lines that short ones beside them are compared with."""
NEAREST = 12
"""Letters beside each one that are asked whether they stand on its line."""
WIDE = 1.5
"""Widths of up to so many heights are one letter; a wider part is letters that touch."""
WIDEST = 16.0
CLIPPED_SHARE = 0.03
"""If more of what is around a line has its value, the picture's lowest or highest, shapes of one value mean little."""
LEVEL_STEP = 0.15
"""Between the values of neighbouring letters, over their contrast: drawn ones differ by noise alone."""
CROSSINGS = 1.0
"""Strokes across a row of touching letters, for each height of width; a curve or an edge has one or two in all."""
FATTEST = 0.4
"""Strokes of a letter, over its height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """A line of drawn letters.

    Parameters
    ----------
    top, bottom, left, right
        Its box: first row and column, and the ones behind the last.
    letters
        About how many letters stand in it.
    height
        Of its letters, pixels.
    is_upright
        Whether it runs along a row, not up or down.
    """

    top: int
    bottom: int
    left: int
    right: int
    letters: int
    height: int
    is_upright: bool = True


def find_drawn_text(pixels: Pixels) -> tuple[TextLine, ...]:
    """Find lines of machine-drawn letters, light or dark, along rows or columns.

    Parameters
    ----------
    pixels
        (row, column), of any kind of number.

    Returns
    -------
    tuple of TextLine
        From top to bottom. Lines that overlap are one.

    Notes
    -----
    A line has at least three letters of like height on one base line. Letters of 6 to 192 pixels are looked for.
    """
    if min(pixels.shape) < LEAST_SIDE:
        return ()
    picture = to_unsigned(pixels)
    return _unite(line for step in STEPS for line in _lines_at(picture, step))


def _lines_at(picture: Picture, step: int) -> Iterator[TextLine]:
    """Find lines in every `step`-th pixel, which keeps values exact where averages would not."""
    seen = np.ascontiguousarray(picture[::step, ::step])
    if min(seen.shape) < LEAST_SIDE:
        return
    for is_dark in (False, True):
        parts = find_parts(seen, is_dark=is_dark)
        if parts is None:
            continue
        for line in _lines_of(seen, parts, step, is_upright=True):
            yield _enlarge(line, step)
        for line in _lines_of(seen, turned(parts), step, is_upright=False):
            yield _enlarge(_lay(line), step)


def _lay(line: TextLine) -> TextLine:
    """Give the box in the picture of a line that was found with rows and columns exchanged."""
    sides = {"top": line.left, "bottom": line.right, "left": line.top, "right": line.bottom}
    return replace(line, **sides, is_upright=False)


def _enlarge(line: TextLine, step: int) -> TextLine:
    sides = {name: getattr(line, name) * step for name in ("top", "bottom", "left", "right", "height")}
    return replace(line, **sides)


def _lines_of(picture: Picture, parts: Parts, step: int, *, is_upright: bool) -> Iterator[TextLine]:
    chosen = np.flatnonzero(_are_letters(parts, LEAST_HEIGHT[step]))
    if not chosen.size:
        return
    rows = _rows_of(parts, chosen)
    facts = [measure_line(picture, parts, members) for members in rows]
    are_drawn = [_is_drawn(one, is_upright=is_upright) for one in facts]
    clearest = sorted(compress(facts, are_drawn), key=lambda one: one.parts, reverse=True)[:MOST_KINDS]
    found = [
        members
        for members, one, is_drawn in zip(rows, facts, are_drawn, strict=True)
        if is_drawn or any(_goes_with(one, other) for other in clearest)
    ]
    if len(found) > MOST_LINES:
        yield _box(parts, np.concatenate(found))
        return
    for members in found:
        yield _grow(_box(parts, members), parts, members)


def _rows_of(parts: Parts, chosen: Int[np.ndarray, " letter"]) -> list[Int[np.ndarray, " member"]]:
    """Join linked letters to rows, and keep the rows of at least three."""
    count, row = connected_components(_links(parts, chosen), directed=False)
    letters = np.bincount(row, weights=_letters_in(parts, chosen), minlength=count)
    order = np.argsort(row, kind="stable")
    rows = np.split(chosen[order], np.cumsum(np.bincount(row, minlength=count))[:-1])
    return [rows[number] for number in np.flatnonzero(letters >= LEAST_LETTERS)]


def _are_letters(parts: Parts, least_height: int) -> Bool[np.ndarray, " part"]:
    height, width = parts.bottom - parts.top, parts.right - parts.left
    fits = (height >= least_height) & (height <= MOST_HEIGHT) & (width <= WIDEST * height)
    is_crossed = (width <= WIDE * height) | (parts.runs_along >= CROSSINGS * width)
    return np.asarray(fits & is_crossed & (parts.stroke_width <= FATTEST * height))


def _letters_in(parts: Parts, chosen: Int[np.ndarray, " letter"]) -> Float[np.ndarray, " letter"]:
    """Tell how many letters a part is; more than one touch each other."""
    shape = (parts.right - parts.left)[chosen] / (parts.bottom - parts.top)[chosen]
    return np.where(shape <= WIDE, 1.0, np.rint(shape / 0.9))


def _links(parts: Parts, chosen: Int[np.ndarray, " letter"]) -> coo_array:
    """Link letters that stand beside each other on one line."""
    pairs = _near_pairs(parts, chosen)
    one, other = chosen[pairs[:, 0]], chosen[pairs[:, 1]]
    pairs = pairs[_are_neighbours(parts, one, other)]
    ones = np.ones(len(pairs), dtype=np.int8)
    return coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(chosen), len(chosen)))


def _near_pairs(parts: Parts, chosen: Int[np.ndarray, " letter"]) -> Pairs:
    """Pair letters whose ends lie near each other: the end of one with the beginning of another.

    Ends, not middles, so that parts of any width are paired within a short reach. Only the nearest few are asked:
    a picture that is full of specks has millions of pairs otherwise.
    """
    middle = (parts.top[chosen] + parts.bottom[chosen]) / 2
    reach = 2.0 * float((parts.bottom - parts.top)[chosen].max())
    ends = KDTree(np.stack([middle, parts.right[chosen]], axis=1))
    begins = np.stack([middle, parts.left[chosen]], axis=1)
    second = np.asarray(ends.query(begins, k=np.arange(1, NEAREST + 1), distance_upper_bound=reach)[1])
    first = np.broadcast_to(np.arange(len(chosen))[:, None], second.shape)
    met = (second < len(chosen)) & (second != first)  # KDTree gives the number of letters where there is none
    return np.stack([first[met], second[met]], axis=1).astype(np.int64)


def _are_neighbours(
    parts: Parts, one: Int[np.ndarray, " pair"], other: Int[np.ndarray, " pair"]
) -> Bool[np.ndarray, " pair"]:
    """Tell which pairs are of like height and contrast, on one base line or under one top, and close."""
    tall = (parts.bottom - parts.top)[one], (parts.bottom - parts.top)[other]
    higher, lower = np.maximum(*tall), np.minimum(*tall)
    gap = parts.left[one] - parts.right[other]
    off = np.minimum(abs(parts.bottom[one] - parts.bottom[other]), abs(parts.top[one] - parts.top[other]))
    contrasts = parts.contrast[one], parts.contrast[other]
    unlike = abs(parts.level[one] - parts.level[other])
    return np.asarray(
        (lower >= 0.55 * higher)
        & (gap <= 1.6 * higher)
        & (gap >= -0.3 * higher)
        & (off <= np.maximum(1, 0.12 * higher))
        & (2 * np.minimum(*contrasts) >= np.maximum(*contrasts))
        & (unlike <= LEVEL_STEP * np.minimum(*contrasts))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What tells drawn letters from things that look like them.

    Parameters
    ----------
    parts
        Connected parts.
    level_spread
        Standard deviation of the parts' lightest (darkest) values over their contrast: 0 for drawn ones.
    share_at_level
        Of all pixels, how many have the middle of these values, give or take 1.5 % of the contrast.
    share_of_one_value
        Of all pixels, how many have the commonest value.
    height_spread
        Standard deviation of heights over their mean.
    base_spread
        Median distance from the base line, in heights.
    height
        Median, pixels that are looked at.
    level, contrast
        Of the middle part, stored values.
    is_clipped
        Whether much around the line has this value, the picture's lowest or highest: clipped air, or burnt-out bone.
    """

    parts: int
    height: float
    level: float
    contrast: float
    is_clipped: bool
    level_spread: float
    share_at_level: float
    share_of_one_value: float
    height_spread: float
    base_spread: float


def measure_line(picture: Picture, parts: Parts, members: Int[np.ndarray, " letter"]) -> LineFacts:
    """Measure one line of parts."""
    height, contrast = (parts.bottom - parts.top)[members], float(np.median(parts.contrast[members]))
    places = np.concatenate([parts.places[parts.first[one] : parts.first[one + 1]] for one in members.tolist()])
    values = picture.ravel()[places].astype(np.int64)
    level = float(np.median(parts.level[members]))
    return LineFacts(
        parts=len(members),
        height=float(np.median(height)),
        level=level,
        contrast=contrast,
        is_clipped=_is_clipped(picture, places, level, int(height.max())),
        level_spread=float(parts.level[members].std()) / contrast,
        share_at_level=float(np.mean(abs(values - level) <= 0.015 * contrast)),
        share_of_one_value=float(np.unique(values, return_counts=True)[1].max() / len(values)),
        height_spread=float(height.std() / height.mean()),
        base_spread=float(np.median(abs(parts.bottom[members] - np.median(parts.bottom[members]))) / height.mean()),
    )


def _is_clipped(picture: Picture, places: Int[np.ndarray, " pixel"], level: float, margin: int) -> bool:
    """Tell whether there is much of a line's value around it, and it is the picture's lowest or highest."""
    if level not in (picture.min(), picture.max()):
        return False
    row, column = np.divmod(places, picture.shape[1])
    top, left = max(0, int(row.min()) - margin), max(0, int(column.min()) - margin)
    around = picture[top : int(row.max()) + margin + 1, left : int(column.max()) + margin + 1]
    others = np.count_nonzero(around == level) - np.count_nonzero(picture.ravel()[places] == level)
    return bool(others > CLIPPED_SHARE * around.size)


def _is_drawn(facts: LineFacts, *, is_upright: bool) -> bool:
    """Decide by limits that were set on simulated films and slices; see docs/reference/burned-in-text.md."""
    if facts.parts < LEAST_LETTERS:  # letters that touch, as tiny fonts have them
        return is_upright and not facts.is_clipped and facts.height <= TINY and facts.share_of_one_value >= 0.5
    if not is_upright and facts.parts < 5:
        return False
    if facts.is_clipped and not _is_even(facts):
        return False
    if facts.level_spread <= (0.01 if facts.parts < 5 else 0.03) and facts.share_at_level >= _least_share(facts):
        return facts.height_spread <= 0.3 and facts.base_spread <= (0.15 if is_upright else 0.03)
    return facts.parts >= 7 and facts.level_spread <= 0.15 and facts.height_spread <= 0.2 and facts.base_spread <= 0.02


def _is_even(facts: LineFacts) -> bool:
    """Tell whether letters stand on one line and are of like height, which clipped texture is not."""
    return facts.base_spread <= 0.02 and facts.height_spread <= (0.08 if facts.parts < 5 else 0.2)


def _goes_with(facts: LineFacts, drawn: LineFacts) -> bool:
    """Tell whether a shorter or fainter line is of the same value and size as one that is clearly drawn."""
    is_alike = abs(facts.level - drawn.level) <= 0.05 * drawn.contrast and 0.75 <= facts.height / drawn.height <= 1.34
    return is_alike and facts.level_spread <= 0.05 and facts.height_spread <= 0.2 and facts.base_spread <= 0.02


def _least_share(facts: LineFacts) -> float:
    """The fewer the letters, the more must have one value; letters of one height need less."""
    if facts.height_spread <= 0.08 and facts.base_spread <= 0.02 and facts.level_spread <= 0.015:
        return {3: 0.25, 4: 0.1}.get(facts.parts, 0.0) if facts.level_spread <= 0.01 else 0.05
    return {3: 0.5, 4: 0.25}.get(facts.parts, 0.1)


def _box(parts: Parts, members: Int[np.ndarray, " letter"]) -> TextLine:
    return TextLine(
        top=int(parts.top[members].min()),
        bottom=int(parts.bottom[members].max()),
        left=int(parts.left[members].min()),
        right=int(parts.right[members].max()),
        letters=int(_letters_in(parts, members).sum()),
        height=int(np.median((parts.bottom - parts.top)[members])),
    )


def _grow(line: TextLine, parts: Parts, members: Int[np.ndarray, " letter"]) -> TextLine:
    """Take along what has the same value beside the line: dots, dashes, and words of one or two letters."""
    contrast = float(np.median(parts.contrast[members]))
    alike = abs(parts.level - np.median(parts.level[members])) <= LEVEL_STEP * contrast
    middle = (parts.top + parts.bottom) / 2
    around = 0.4 * line.height
    alike &= (middle >= line.top - around) & (middle <= line.bottom + around)
    alike &= (parts.bottom - parts.top <= 2 * line.height) & (parts.right - parts.left <= WIDEST * line.height)
    near = np.flatnonzero(alike)
    for _ in range(MOST_WORDS):
        reach = (parts.right[near] >= line.left - 2 * line.height) & (parts.left[near] <= line.right + 2 * line.height)
        grown = replace(
            line,
            top=min(line.top, int(parts.top[near[reach]].min())),
            bottom=max(line.bottom, int(parts.bottom[near[reach]].max())),
            left=min(line.left, int(parts.left[near[reach]].min())),
            right=max(line.right, int(parts.right[near[reach]].max())),
        )
        if grown == line:
            break
        line = grown
    return line


def _unite(lines: Iterable[TextLine]) -> tuple[TextLine, ...]:
    """Make one of lines that overlap: the same text is found among all and among every second pixel."""
    united: list[TextLine] = []
    for line in sorted(lines, key=lambda one: one.letters, reverse=True):
        overlapping = [other for other in united if _overlap(line, other)]
        united = [other for other in united if not _overlap(line, other)]
        united.append(_hull([*overlapping, line]))
    return tuple(sorted(united, key=lambda one: (one.top, one.left)))


def _overlap(one: TextLine, other: TextLine) -> bool:
    return one.top < other.bottom and other.top < one.bottom and one.left < other.right and other.left < one.right


def _hull(lines: Sequence[TextLine]) -> TextLine:
    return replace(
        lines[0],
        top=min(line.top for line in lines),
        bottom=max(line.bottom for line in lines),
        left=min(line.left for line in lines),
        right=max(line.right for line in lines),
    )
