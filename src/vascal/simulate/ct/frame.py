"""One slice with a mirrored margin, and the spatial frequencies of its Fourier transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float32
from scipy import fft

from vascal.volume import Grid

Plane = Float32[np.ndarray, "_ _"]
Spectrum = Complex64[np.ndarray, "row column"]

EDGE_PIXELS = 14
"""A slice is mirrored this far beyond its edges, so that nothing blurs from one side to the other."""
LARGEST_ANISOTROPY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A slice with its mirrored margin, and the frequencies of its Fourier transform.

    Parameters
    ----------
    shape, padded
        Rows and columns of the slice, and with its margin.
    down_per_mm, across_per_mm
        Frequencies along rows' direction as a column, and along columns' direction as a row, per mm.
    cosine
        Cosine of twice the angle between a frequency and the columns' direction (x).
    buffer
        Room for one padded slice; overwritten by `mirror`.
    """

    shape: tuple[int, int]
    padded: tuple[int, int]
    down_per_mm: Plane
    across_per_mm: Plane
    cosine: Plane
    buffer: Plane

    @classmethod
    def around(cls, grid: Grid) -> Frame:
        """Prepare for slices of a grid."""
        rows, columns = grid.shape[1:]
        padded = (_fast_length(rows), _fast_length(columns))
        down = np.fft.fftfreq(padded[0], grid.row_spacing_mm).astype(np.float32)[:, None]
        across = np.fft.rfftfreq(padded[1], grid.column_spacing_mm).astype(np.float32)[None]
        square = np.maximum(np.square(across) + np.square(down), np.float32(1e-9))
        return cls(
            shape=(rows, columns),
            padded=padded,
            down_per_mm=down,
            across_per_mm=across,
            cosine=np.asarray((np.square(across) - np.square(down)) / square),
            buffer=np.empty(padded, dtype=np.float32),
        )

    @property
    def frequency_per_mm(self) -> Plane:
        """Spatial frequency, whatever its direction, per mm."""
        return np.asarray(np.hypot(self.down_per_mm, self.across_per_mm))

    def pixel_transfer(self) -> Plane:
        """Share of contrast that the mean over a pixel's area keeps."""
        # Nyquist's frequency lies at half a cycle a pixel, where 64 % are left along each axis.
        down = self.down_per_mm / (2 * np.abs(self.down_per_mm).max())
        across = self.across_per_mm / (2 * np.abs(self.across_per_mm).max())
        return np.asarray(np.sinc(down) * np.sinc(across), dtype=np.float32)

    def mirror(self, plane: Plane) -> Plane:
        """Lay a slice into the buffer, with its mirror image around it."""
        (rows, columns), out = self.shape, self.buffer
        top, left = _margin(rows, self.padded[0]), _margin(columns, self.padded[1])
        out[top : top + rows, left : left + columns] = plane
        _mirror_ends(out[:, left : left + columns], top, rows)
        _mirror_ends(out.T, left, columns)
        return out

    def inverse(self, spectrum: Spectrum) -> Plane:
        """Turn a Fourier transform, which is overwritten, into a slice without its margin."""
        rows, columns = self.shape
        top, left = _margin(rows, self.padded[0]), _margin(columns, self.padded[1])
        full = fft.irfft2(spectrum, s=self.padded, overwrite_x=True)
        return np.asarray(full[top : top + rows, left : left + columns])

    def streaks(self, anisotropy: float) -> Plane:
        """Amplitude by direction: above 1 across rows where anisotropy is positive."""
        held = np.clip(anisotropy, -LARGEST_ANISOTROPY, LARGEST_ANISOTROPY)
        return np.asarray(np.sqrt(1 + np.float32(held) * self.cosine), dtype=np.float32)


def _fast_length(pixels: int) -> int:
    return int(fft.next_fast_len(pixels + 2 * min(EDGE_PIXELS, pixels - 1), real=True))


def _margin(pixels: int, padded: int) -> int:
    return (padded - pixels) // 2


def _mirror_ends(out: np.ndarray, before: int, pixels: int) -> None:
    """Fill the rows before and after a picture by its mirror image, in place."""
    rows = np.arange(out.shape[0]) - before
    period = 2 * pixels
    folded = np.mod(rows, period)
    source = np.where(folded < pixels, folded, period - 1 - folded) + before
    outside = np.flatnonzero((rows < 0) | (rows >= pixels))
    out[outside] = out[source[outside]]
