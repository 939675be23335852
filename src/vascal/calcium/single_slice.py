"""Calcium of an axial slice that stands alone.

A score is defined on the whole heart. Where only one slice was kept, its calcium can
still be found and measured, for a look or for a check, never as a patient's score. The
slice is measured as it is: one slice, as thick as its header says. Only the finders,
which know hearts and not slices, are shown a stack of copies of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vascal.anatomy.confounders import Candidate
from vascal.anatomy.segmenter import Anatomy, RegionMap, Segmenter
from vascal.calcium import finding
from vascal.volume import Grid, LabelMap, OneSliceGrid, Volume

STACK_MM = 140.0
"""Height of the stack of copies. The rules follow a heart up to 120 mm upwards from the lowest lung, and the
ascending aorta 20 mm beyond its top; the middle of such a stack lies well inside the heart and below the aorta's
arch. Below 110 mm they find no heart in copies of a slice with lungs of a usual size. Networks know no such cylinder
either: in one of two real slices they find a heart in 60 mm of copies and none in 140 mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSlice:
    """Asks for slices that stand alone to be read.

    Parameters
    ----------
    thickness_mm
        Replaces the header's nominal slice thickness, mm.
    """

    thickness_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterOfSlice:
    """Finds the heart in a slice by way of a stack of its copies; implements `Segmenter`.

    Parameters
    ----------
    segmenter
        Finds it in the stack.
    """

    segmenter: Segmenter

    def find_anatomy(self, volume: Volume) -> Anatomy:
        """Find what the slice shows.

        Parameters
        ----------
        volume
            CT of one slice: (1, row, column), HU.

        Notes
        -----
        The copies say nothing of where the heart begins and ends along the body, nor
        whether two finders agree on a whole heart: that is left out.
        """
        stack = stack_copies(volume)
        return _cut_anatomy(self.segmenter.find_anatomy(stack), volume, _reach(stack))


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOfSlice:
    """Judges candidates of a slice in the middle of a stack of its copies; implements `Judge`.

    Parameters
    ----------
    judge
        Judges them there.
    """

    judge: finding.Judge

    def __call__(self, volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[finding.Judged, ...]:
        """Judge every candidate, in the same order, on the slice's own grid."""
        stack, around, lifted = put_in_stack(volume, anatomy, candidates)
        judged = self.judge(stack, around, lifted)
        return tuple(replace(one, candidate=_move(one.candidate, volume, -_reach(stack))) for one in judged)


def stack_copies(volume: Volume) -> Volume:
    """Pile up copies of a slice, as many below as above, until they are as tall as a chest scan of the heart.

    Parameters
    ----------
    volume
        CT of one slice: (1, row, column), HU.

    Returns
    -------
    Volume
        (slice, row, column), HU; an odd number of slices that touch. The middle one is the slice itself.

    Examples
    --------
    >>> hu = np.zeros((1, 2, 2), np.int16)
    >>> grid = OneSliceGrid(
    ...     shape=(1, 2, 2), row_spacing_mm=1.0, column_spacing_mm=1.0, slice_positions_mm=(7.0,),
    ...     origin_mm=(0.0, 0.0, 7.0), slice_thickness_mm=5.0,
    ... )
    >>> stack = stack_copies(Volume(hu=hu, grid=grid))
    >>> stack.grid.shape, stack.grid.slice_positions_mm[14], stack.grid.index_to_mm(14, 0, 0)
    ((29, 2, 2), 7.0, (0.0, 0.0, 7.0))
    """
    grid = volume.grid
    step = grid.spacing_between_slices_mm
    reach = max(1, round(STACK_MM / 2 / step))
    count = 2 * reach + 1
    lowest = np.asarray(grid.origin_mm) - reach * step * np.asarray(grid.slice_axis)
    return Volume(
        hu=np.repeat(volume.hu, count, axis=0),
        grid=Grid(
            shape=(count, *grid.shape[1:]),
            row_spacing_mm=grid.row_spacing_mm,
            column_spacing_mm=grid.column_spacing_mm,
            slice_positions_mm=tuple(grid.slice_positions_mm[0] + step * (k - reach) for k in range(count)),
            origin_mm=(float(lowest[0]), float(lowest[1]), float(lowest[2])),
            row_axis=grid.row_axis,
            column_axis=grid.column_axis,
            slice_axis=grid.slice_axis,
        ),
    )


def put_in_stack(
    volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]
) -> tuple[Volume, Anatomy, tuple[Candidate, ...]]:
    """Show a slice, what was found in it, and its candidates in the middle of a stack of copies.

    Candidates stay as tall as the slice: calcium is no column. A scan of several
    slices is given back as it is.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    anatomy, candidates
        On the same grid.
    """
    if not isinstance(volume.grid, OneSliceGrid):
        return volume, anatomy, tuple(candidates)
    stack = stack_copies(volume)
    reach = _reach(stack)
    labels = np.repeat(anatomy.structures.labels, stack.grid.shape[0], axis=0)
    around = replace(
        anatomy,
        structures=LabelMap(labels=labels, grid=stack.grid, names=anatomy.structures.names),
        regions=_shift(anatomy.regions, reach * volume.grid.spacing_between_slices_mm),
    )
    return stack, around, tuple(_move(one, volume, reach) for one in candidates)


def _reach(stack: Volume) -> int:
    """Place of the slice itself: as many copies lie below it."""
    return stack.grid.shape[0] // 2


def _cut_anatomy(found: Anatomy, volume: Volume, reach: int) -> Anatomy:
    """Keep what was found in the slice itself."""
    labels = found.structures.labels[reach : reach + 1].copy()
    return replace(
        found,
        structures=LabelMap(labels=labels, grid=volume.grid, names=found.structures.names),
        heart_cut_off=tuple(side for side in found.heart_cut_off if side not in ("top", "bottom")),
        notes=tuple(f"In a stack of copies of the slice: {note}" for note in found.notes),
        regions=_shift(found.regions, -reach * volume.grid.spacing_between_slices_mm),
        agreement=None,
    )


def _shift(regions: RegionMap | None, up_mm: float) -> RegionMap | None:
    """Count a map's slices from another first slice; it may reach beyond the scan."""
    if regions is None:
        return None
    k, i, j = regions.lattice.corner_mm
    return replace(regions, lattice=replace(regions.lattice, corner_mm=(k + up_mm, i, j)))


def _move(candidate: Candidate, volume: Volume, slices: int) -> Candidate:
    """Count a candidate's slices from another first slice; it stays where it is in the patient."""
    k, i, j = candidate.center_index
    pixels = volume.grid.shape[1] * volume.grid.shape[2]
    return replace(candidate, index=candidate.index + slices * pixels, center_index=(k + slices, i, j))
