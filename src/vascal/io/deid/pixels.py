"""Names in the pixels: the one place where cleaning asks about them."""

from __future__ import annotations

from typing import Literal

from pydicom.dataset import Dataset

from vascal.errors import UnsupportedImageError
from vascal.io.deid.burned_in import judge_burned_in, mask_text
from vascal.io.dicom_values import integer_of

PixelPolicy = Literal["refuse", "mask", "reviewed"]
"""refuse: what holds text or may; mask: blacken text first; reviewed: a person has looked at every image."""


def settle_pixels(dataset: Dataset, policy: PixelPolicy) -> tuple[str, ...]:
    """Make sure that the pixels name nobody, as far as the policy asks; say what was done to them.

    Parameters
    ----------
    dataset
        Its pixels are changed in place under ``mask``.
    policy
        See `PixelPolicy`.

    Raises
    ------
    UnsupportedImageError
        If text is there or may be, and the policy does not settle it.
    """
    _require_no_hidden_overlay(dataset)
    if policy == "reviewed":
        return ()
    judged = judge_burned_in(dataset)
    if judged.verdict == "clear":
        return ()
    if policy == "mask":
        return mask_text(dataset)
    raise UnsupportedImageError(f"may show text in its pixels: {'; '.join(judged.reasons)}")


def _require_no_hidden_overlay(dataset: Dataset) -> None:
    """Refuse overlays in unused bits of the pixels: they can hold a name, and would go out with them."""
    groups = {tag.group for tag in list(dataset.keys()) if tag.group & 0xFF00 == 0x6000}
    if not groups:
        return
    bits = integer_of(dataset, "BitsAllocated"), integer_of(dataset, "BitsStored")
    has_room = None in bits or bits[0] != bits[1]
    if has_room and any((group, 0x3000) not in dataset and (group, 0x0102) in dataset for group in groups):
        raise UnsupportedImageError("holds an overlay in unused bits of its pixels, which may show text")
