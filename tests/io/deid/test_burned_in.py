"""What header and pixels say of burned-in text, and what blackening does to a file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    SegmentationStorage,
)

from tests.io.deid.written import ink, noisy, write
from tests.io.make_film import make_film
from vascal.errors import PixelError, UnsupportedImageError
from vascal.io.deid.burned_in import judge_burned_in, mask_borders, mask_text
from vascal.io.deid.masking import find_bands

SHAPE = (200, 320)


def film(pixels: np.ndarray | None = None, **attributes: Any) -> Dataset:
    return make_film(noisy() if pixels is None else pixels, **attributes)


def reread(dataset: Dataset) -> Dataset:
    """The dataset as a file would give it back."""
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return pydicom.dcmread(io.BytesIO(stream.getvalue()))


def left_of_ink(pixels: np.ndarray, was: np.ndarray, **where: Any) -> int:
    """How many pixels that letters covered are as they were."""
    covered = ink(pixels.shape[:2], **where) > 0.5
    return int((pixels[covered] == was[covered]).sum())


def test_a_plain_film_is_clear() -> None:
    assert judge_burned_in(film()).verdict == "clear"
    assert judge_burned_in(film()).reasons == ()


def test_a_file_without_pixels_is_clear() -> None:
    assert judge_burned_in(Dataset()).verdict == "clear"


def test_what_the_file_says_of_itself_is_believed() -> None:
    judged = judge_burned_in(film(BurnedInAnnotation="YES"))
    assert (judged.verdict, judged.reasons) == ("burned", ("the file says that annotation is burned in",))


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"modality": "OT"}, "secondary capture"),
        ({"ConversionType": "DF"}, "converted"),
        ({"Modality": "US"}, "modality US"),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, "SECONDARY"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "copied screen"),
        ({"ImageType": ["DERIVED", "PRIMARY", "SCREENSAVE"]}, "copied screen"),
        ({"DateOfSecondaryCapture": "20200101"}, "capturing device"),
    ],
)
def test_kinds_of_images_that_often_hold_text_are_suspect(attributes: dict[str, Any], reason: str) -> None:
    judged = judge_burned_in(film(**attributes))
    assert judged.verdict == "suspect"
    assert any(reason in one for one in judged.reasons)


def test_a_no_takes_doubts_of_kind_away_but_not_those_of_a_copied_screen() -> None:
    assert judge_burned_in(film(modality="OT", ConversionType="WSD", BurnedInAnnotation="NO")).verdict == "clear"
    saved = film(ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"], BurnedInAnnotation="NO")
    assert judge_burned_in(saved).verdict == "suspect"


def test_a_reformat_of_a_scanner_is_not_suspect() -> None:
    assert judge_burned_in(film(Modality="CT", ImageType=["DERIVED", "SECONDARY", "REFORMATTED"])).verdict == "clear"


def test_letters_are_seen_even_where_the_file_denies_them() -> None:
    judged = judge_burned_in(film(write(noisy()), BurnedInAnnotation="NO"))
    assert (judged.verdict, judged.reasons) == ("burned", ("1 line(s) of drawn letters were found",))


def test_no_reason_holds_a_name() -> None:
    judged = judge_burned_in(film(write(noisy(), "SECRET NAME"), modality="OT", BurnedInAnnotation="YES"))
    assert "SECRET" not in repr(judged)


def test_every_frame_is_looked_at() -> None:
    dataset = film(np.concatenate([noisy(seed=1), noisy(seed=2), write(noisy(seed=3))]))
    dataset.NumberOfFrames, dataset.Rows = 3, 200
    assert judge_burned_in(dataset).reasons == ("1 line(s) of drawn letters were found in 1 of 3 frames",)


def test_pixels_that_can_not_be_decoded_are_suspect() -> None:
    dataset = film()
    dataset.PixelData = dataset.PixelData[:1000]
    judged = judge_burned_in(dataset)
    assert judged.verdict == "suspect"
    assert "can not be decoded" in judged.reasons[0]


def test_a_file_without_a_transfer_syntax_is_suspect() -> None:
    dataset = film()
    del dataset.file_meta
    assert judge_burned_in(dataset).verdict == "suspect"


def test_a_mask_of_organs_is_not_looked_at() -> None:
    assert judge_burned_in(film(write(noisy()), SOPClassUID=SegmentationStorage)).verdict == "clear"


def test_an_overlay_in_unused_bits_is_found_and_cleared() -> None:
    pixels = noisy()
    pixels[50:60, 50:60] |= 0x8000
    dataset = film(pixels)
    assert judge_burned_in(dataset).reasons == ("bits above the stored ones are in use, as by an old overlay",)
    assert "bits above the stored ones were cleared" in mask_text(dataset)
    assert np.array_equal(np.frombuffer(dataset.PixelData, np.uint16).reshape(SHAPE), noisy())


def test_a_sign_that_is_carried_on_is_no_overlay() -> None:
    dataset = film((noisy().astype(np.int16) - 1024).astype(np.int16))
    assert judge_burned_in(dataset).verdict == "clear"


def test_blackening_covers_the_letters_and_nothing_far_from_them() -> None:
    was = write(noisy(), at=(20, 30))
    dataset = film(was, BurnedInAnnotation="YES")
    said = mask_text(dataset)
    now = reread(dataset).pixel_array
    assert said == ("1 line(s) of drawn letters were blackened", "nobody has looked whether all text is gone")
    assert left_of_ink(now, was, at=(20, 30)) == 0
    assert np.array_equal(now[60:], was[60:])
    assert (now[now != was] == was.min()).all()
    assert judge_burned_in(dataset).verdict == "burned"  # it still says YES: a DX must say something
    assert dataset.ImageType[0] == "DERIVED"


def test_films_stored_inverted_are_blackened_by_their_highest_value() -> None:
    was = write(noisy(), value=0)
    masked = film(was, PhotometricInterpretation="MONOCHROME1")
    mask_text(masked)
    now = reread(masked).pixel_array
    assert (now[now != was] == was.max()).all()


def test_no_is_written_only_after_a_person_looked() -> None:
    blind, reviewed, optional = film(write(noisy())), film(write(noisy())), film(write(noisy()), modality="CR")
    optional.BurnedInAnnotation = "YES"
    mask_text(blind)
    assert "nobody" not in " ".join(mask_text(reviewed, is_reviewed=True))
    mask_text(optional)
    assert (blind.BurnedInAnnotation, reviewed.BurnedInAnnotation) == ("YES", "NO")
    assert "BurnedInAnnotation" not in optional


def test_a_film_that_says_yes_and_shows_nothing_is_refused() -> None:
    with pytest.raises(UnsupportedImageError, match="none was found"):
        mask_text(film(BurnedInAnnotation="YES"))


def test_text_in_one_frame_is_covered_in_all() -> None:
    frames = np.concatenate([noisy(seed=1), write(noisy(seed=2))])
    dataset = film(frames)
    dataset.NumberOfFrames, dataset.Rows = 2, 200
    mask_text(dataset)
    now = reread(dataset).pixel_array
    assert left_of_ink(now[0], frames[:200]) == left_of_ink(now[1], frames[200:]) == 0


def test_compressed_pixels_come_back_plain_and_equal_outside_the_letters() -> None:
    was = write(noisy())
    dataset = film(was)
    dataset.compress(RLELossless)
    mask_text(dataset)
    now = reread(dataset)
    assert now.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(now.pixel_array[60:], was[60:])
    assert left_of_ink(now.pixel_array, was) == 0


def test_plain_pixels_keep_their_encoding() -> None:
    dataset = film(write(noisy()))
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    mask_text(dataset)
    assert dataset.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian


def test_big_endian_pixels_are_judged_but_not_blackened() -> None:
    dataset = film(write(noisy()).byteswap())
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    assert judge_burned_in(dataset).verdict == "burned"
    with pytest.raises(PixelError, match="big-endian"):
        mask_text(dataset)


def test_colours_are_blackened() -> None:
    grey = (noisy() // 16).astype(np.uint8)
    was = write(np.stack([grey, grey, grey // 2], axis=-1), value=255)
    dataset = film(was, PhotometricInterpretation="RGB")
    assert judge_burned_in(dataset).verdict == "burned"
    mask_text(dataset)
    now = reread(dataset).pixel_array
    assert (now[ink(SHAPE) > 0.5] == 0).all()
    assert np.array_equal(now[60:], was[60:])


def test_eight_bits_of_an_odd_count_are_padded() -> None:
    was = write((noisy(201, 321) // 16).astype(np.uint8), value=255)
    dataset = film(was, BitsStored=8, HighBit=7)
    mask_text(dataset)
    assert len(dataset.PixelData) == 201 * 321 + 1
    assert reread(dataset).pixel_array.shape == (201, 321)


def test_the_thumbnail_goes() -> None:
    dataset = film(write(noisy()), IconImageSequence=[Dataset()])
    mask_text(dataset)
    assert "IconImageSequence" not in dataset


def shuttered(pixels: np.ndarray | None = None) -> np.ndarray:
    picture = noisy(400, 300) if pixels is None else pixels
    closed = np.zeros_like(picture)
    closed[40:380, 25:300] = picture[40:380, 25:300]
    return closed


def test_the_border_outside_the_shutters_is_measured() -> None:
    assert find_bands(shuttered()) == (40, 20, 25, 0)
    assert find_bands(noisy()) == (0, 0, 0, 0)


def test_a_border_ends_where_the_patient_begins() -> None:
    picture = np.zeros((400, 300), dtype=np.uint16)
    rows, columns = np.ogrid[:400, :300]
    body = (rows - 200) ** 2 / 180**2 + (columns - 150) ** 2 / 120**2 <= 1
    picture[body] = noisy(400, 300)[body]
    top, bottom, left, right = find_bands(picture)
    assert max(top, bottom) <= 21
    assert max(left, right) <= 31


def test_faint_writing_in_the_border_goes_unfound_with_it() -> None:
    was = write(shuttered(), "faint", at=(10, 100), size=14, value=120)
    masked = mask_borders(was, fill=0)
    assert masked.bands[0] == 40
    assert not masked.pixels[:40].any()
    assert np.array_equal(masked.pixels[45:375, 30:], was[45:375, 30:])
    assert not np.shares_memory(masked.pixels, was)


def test_a_lead_marker_in_the_field_stays() -> None:
    was = write(shuttered(), "L", at=(60, 60), size=40)
    masked = mask_borders(was, fill=0)
    assert masked.lines == ()
    assert np.array_equal(masked.pixels, was)


def test_a_share_of_each_side_goes_if_asked_and_a_quarter_at_most() -> None:
    assert mask_borders(noisy(), fill=0, share=0.1).bands == (20, 20, 32, 32)
    assert mask_borders(noisy(), fill=0, share=0.9).bands == (50, 50, 80, 80)


def test_a_whole_black_picture_is_left_in_peace() -> None:
    assert mask_borders(np.zeros((100, 100), dtype=np.uint8), fill=0).bands == (25, 25, 25, 25)
