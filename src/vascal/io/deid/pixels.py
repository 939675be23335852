"""Names in the pixels: the one place where cleaning asks about them.

A scan is judged as a whole: one that lacks the slices in which letters seemed to be would be scored wrongly, and
letters that are really drawn on a scan stand in most of its slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydicom.dataset import Dataset

from vascal.errors import PixelError, UnsupportedImageError
from vascal.io.deid.burned_in import judge_burned_in, mask_text
from vascal.io.deid.drawn_text import find_drawn_text
from vascal.io.deid.frames import decode_frames, grey_frames
from vascal.io.dicom_values import integer_of, text_of, texts_of

PixelPolicy = Literal["refuse", "mask", "mask-reviewed", "reviewed"]
"""refuse: what holds text or may; mask: blacken text first; mask-reviewed: a person has looked at what masking leaves;
reviewed: a person has looked at every image, and none names anybody."""
REVIEWED = "said that text is in its pixels; says NO now, since a person has looked"
FEW_LETTERED = 0.25
"""Of a scan's slices; letters seen in no more are taken for anatomy: what is drawn on a scan is on most slices."""
SLICED_KINDS = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{kind}" for kind in ("2", "2.1", "2.2", "4", "4.1", "4.4", "128", "130", "128.1")
)
"""CT, MR and PET."""
_LETTERS = "drawn letters were found"


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelsSeen:
    """What was seen in one file.

    Parameters
    ----------
    reasons
        Why it may show text; empty if nothing speaks for that.
    is_slice
        Whether it is an original slice of CT, MR or PET, on which nobody draws, and letters are all that was seen.
    frames, lettered
        Pictures in it, and in how many letters seem to be; counted for slices only.
    """

    reasons: tuple[str, ...] = ()
    is_slice: bool = False
    frames: int = 1
    lettered: int = 0


def look_at_pixels(dataset: Dataset) -> PixelsSeen:
    """Look for text in the pixels of one file; nothing is raised."""
    try:
        _require_no_hidden_overlay(dataset)
    except UnsupportedImageError as error:
        return PixelsSeen(reasons=(str(error),))
    judged = judge_burned_in(dataset)
    reasons = () if judged.verdict == "clear" else tuple(judged.reasons)
    is_slice = _is_original_slice(dataset) and all(one.partition(" in ")[0].endswith(_LETTERS) for one in reasons)
    frames = integer_of(dataset, "NumberOfFrames") or 1
    lettered = _count_lettered(dataset) if is_slice and reasons else 0
    return PixelsSeen(reasons=reasons, is_slice=is_slice, frames=frames, lettered=lettered)


def _is_original_slice(dataset: Dataset) -> bool:
    words = [word.upper() for word in texts_of(dataset, "ImageType")]
    is_axial = words[:2] == ["ORIGINAL", "PRIMARY"] and "LOCALIZER" not in words
    return is_axial and text_of(dataset, "SOPClassUID") in SLICED_KINDS


def _count_lettered(dataset: Dataset) -> int:
    try:
        frames = grey_frames(dataset, decode_frames(dataset))
    except PixelError:
        return integer_of(dataset, "NumberOfFrames") or 1
    return sum(bool(find_drawn_text(picture)) for picture in frames)


def reasons_against(series: Sequence[PixelsSeen]) -> tuple[str, ...]:
    """Say why a series may show text, judged as a whole; nothing if it is taken.

    Parameters
    ----------
    series
        All its files.
    """
    others = [reason for one in series if not one.is_slice for reason in one.reasons]
    slices = [one for one in series if one.is_slice]
    lettered, frames = sum(one.lettered for one in slices), sum(one.frames for one in slices)
    if lettered > FEW_LETTERED * frames:
        others.append(f"{_LETTERS} in {lettered} of {frames} slices")
    return tuple(dict.fromkeys(others))


def settle_pixels(dataset: Dataset, policy: PixelPolicy) -> tuple[str, ...]:
    """Make sure that the pixels name nobody, as far as the policy asks; say what was done to them.

    Parameters
    ----------
    dataset
        Changed in place: its pixels under ``mask`` and ``mask-reviewed``, what it says of text in them also under
        ``reviewed``.
    policy
        See `PixelPolicy`.

    Raises
    ------
    UnsupportedImageError
        If text is there or may be, and the policy does not settle it.
    """
    _require_no_hidden_overlay(dataset)
    if policy == "reviewed":
        return _say_reviewed(dataset)
    judged = judge_burned_in(dataset)
    if judged.verdict == "clear":
        return ()
    if policy == "refuse":
        raise UnsupportedImageError(f"may show text in its pixels: {'; '.join(judged.reasons)}")
    return mask_text(dataset, is_reviewed=policy == "mask-reviewed")


def _say_reviewed(dataset: Dataset) -> tuple[str, ...]:
    """Write what a person has found: PS3.3 C.7.6.1 has YES for text that can name the patient, which is not there."""
    if text_of(dataset, "BurnedInAnnotation").upper() != "YES":
        return ()
    dataset.BurnedInAnnotation = "NO"
    return (REVIEWED,)


def _require_no_hidden_overlay(dataset: Dataset) -> None:
    """Refuse overlays in unused bits of the pixels: they can hold a name, and would go out with them."""
    groups = {tag.group for tag in list(dataset.keys()) if tag.group & 0xFF00 == 0x6000}
    if not groups:
        return
    bits = integer_of(dataset, "BitsAllocated"), integer_of(dataset, "BitsStored")
    has_room = None in bits or bits[0] != bits[1]
    if has_room and any((group, 0x3000) not in dataset and (group, 0x0102) in dataset for group in groups):
        raise UnsupportedImageError("holds an overlay in unused bits of its pixels, which may show text")
