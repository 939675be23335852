"""Lines of drawn letters are found wherever they stand; what was imaged is not taken for letters."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydicom.data import get_testdata_file
from scipy import ndimage

from tests.io.deid.written import ink, noisy, write
from vascal.io.deid import drawn_text, strokes
from vascal.io.deid.drawn_text import TextLine, find_drawn_text
from vascal.io.deid.strokes import WIDEST_STROKE, find_parts, to_unsigned


def holds(lines: tuple[TextLine, ...], share: np.ndarray) -> float:
    """How much of the ink lies in the boxes."""
    inside = np.zeros(share.shape, dtype=bool)
    for line in lines:
        inside[line.top : line.bottom, line.left : line.right] = True
    return float((inside & (share > 0.5)).sum() / (share > 0.5).sum())


def test_a_picture_without_letters_has_no_line() -> None:
    assert find_drawn_text(noisy()) == ()


@pytest.mark.parametrize("size", [10, 16, 30, 60])
@pytest.mark.parametrize("value", [0, 900, 4095])
def test_text_of_any_size_and_shade_is_found_whole(size: int, value: float) -> None:
    picture, text = noisy(240, 640, middle=2600), "DOE^JANE 1954"
    found = find_drawn_text(write(picture, text, size=size, value=value))
    assert holds(found, ink(picture.shape, text, size=size)) > 0.95


def test_one_letter_is_a_marker_and_three_are_text() -> None:
    assert find_drawn_text(write(noisy(), "L", size=30)) == ()
    assert find_drawn_text(write(noisy(), "R", size=30)) == ()
    assert len(find_drawn_text(write(noisy(), "DOE", size=30))) == 1


def test_a_line_says_where_it_is_and_how_large() -> None:
    (line,) = find_drawn_text(write(noisy(), "HEIN", at=(50, 100), size=30))
    share = ink((200, 320), "HEIN", at=(50, 100), size=30) > 0.5
    rows, columns = np.flatnonzero(share.any(axis=1)), np.flatnonzero(share.any(axis=0))
    assert (line.top, line.left) == (rows[0], columns[0])
    assert (line.bottom, line.right) == (rows[-1] + 1, columns[-1] + 1)
    assert (line.letters, line.height, line.is_upright) == (4, rows[-1] + 1 - rows[0], True)


def test_text_that_runs_up_the_side_is_found_and_said_to_lie() -> None:
    picture = np.rot90(write(noisy(), "12345678", size=20)).copy()
    (line,) = find_drawn_text(picture)
    assert not line.is_upright
    assert line.bottom - line.top > 3 * (line.right - line.left)


def test_two_lines_are_told_apart() -> None:
    picture = write(write(noisy(), "FIRST LINE", at=(20, 30)), "SECOND ONE", at=(60, 30))
    assert [line.top < 50 for line in find_drawn_text(picture)] == [True, False]


def test_a_row_of_clips_of_different_brightness_is_not_text() -> None:
    picture = noisy().astype(np.float64)
    for number in range(6):
        picture[80:92, 40 + 12 * number : 43 + 12 * number] = 3000 + 150 * number
    assert find_drawn_text(ndimage.gaussian_filter(picture, 0.8).astype(np.uint16)) == ()


def test_a_bright_wire_of_one_value_is_not_text() -> None:
    picture = noisy()
    columns = np.arange(20, 300)
    rows = (100 + 20 * np.sin(columns / 25)).astype(int)
    for step in range(4):
        picture[rows + step, columns] = 4095
    assert find_drawn_text(picture) == ()


def test_air_that_is_clipped_is_not_text_but_letters_on_it_are() -> None:
    rng = np.random.default_rng(4)
    lung = ndimage.gaussian_filter(rng.normal(0, 1, (300, 300)), 1.5)
    picture = np.clip(180 + 900 * lung, 0, 4095).astype(np.uint16)  # a third of it is 0
    assert np.mean(picture == 0) > 0.05
    assert find_drawn_text(picture) == ()
    assert len(find_drawn_text(write(picture, "DOE^JANE", value=4095, size=24))) == 1


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float32])
def test_every_kind_of_number_is_read(kind: type) -> None:
    picture = write(noisy(), value=4095).astype(np.float64)
    shown = picture / 16 if kind is np.uint8 else picture - (1024 if kind in (np.int16, np.int32) else 0)
    assert len(find_drawn_text(np.rint(shown).astype(kind))) == 1


def test_inverting_a_picture_changes_nothing() -> None:
    picture = write(noisy(), value=4095)
    assert find_drawn_text(4095 - picture) == find_drawn_text(picture)


@settings(max_examples=20)
@given(st.integers(0, 120), st.integers(0, 100), st.integers(0, 2000))
def test_text_is_found_wherever_it_stands(down: int, along: int, more: int) -> None:
    picture = write(noisy(middle=1200), at=(20 + down, 10 + along), value=4095)
    found = find_drawn_text((picture + more).astype(np.uint16))
    assert holds(found, ink(picture.shape, at=(20 + down, 10 + along))) > 0.95


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (24, 24), (24, 300), (65, 25), (129, 40)])
def test_pictures_of_any_shape_are_looked_at(shape: tuple[int, int]) -> None:
    assert find_drawn_text(np.zeros(shape, dtype=np.uint16)) == ()
    assert find_drawn_text(np.random.default_rng(1).integers(0, 4096, shape).astype(np.uint16)) == ()


def test_numbers_that_are_none_do_not_break_it() -> None:
    picture = write(noisy()).astype(np.float32)
    picture[:5] = np.nan
    picture[-5:] = np.inf
    assert len(find_drawn_text(picture)) == 1


@settings(max_examples=30)
@given(arrays.arrays(np.uint16, st.tuples(st.integers(20, 150), st.integers(20, 60)), elements=st.integers(0, 99)))
def test_what_stands_out_is_the_top_hat_of_scipy(picture: np.ndarray) -> None:
    side = WIDEST_STROKE + 1
    for is_dark in (False, True):
        ours = np.concatenate([part for _, part in strokes._strips(picture, is_dark=is_dark)])
        transform = ndimage.black_tophat if is_dark else ndimage.white_tophat
        theirs = transform(picture.astype(np.int32), size=(side, side), mode="reflect")
        middle = (slice(side, -side), slice(side, -side))  # ends are handled differently
        assert np.array_equal(ours[middle], theirs[middle])
        assert ours.shape == picture.shape


@settings(max_examples=50)
@given(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_parts_are_those_that_scipy_labels(marked: np.ndarray) -> None:
    places = np.flatnonzero(marked)
    if not places.size:
        return
    part, (beside, below) = strokes._join(places, marked.shape[1])
    labels, count = ndimage.label(marked, structure=np.ones((3, 3)))
    assert len({*zip(part.tolist(), labels.ravel()[places].tolist(), strict=True)}) == count == part.max() + 1
    assert len(beside) == (marked[:, 1:] & marked[:, :-1]).sum()
    assert len(below) == (marked[1:] & marked[:-1]).sum()


def test_a_part_is_measured_as_counted_by_hand() -> None:
    picture = np.zeros((40, 40), dtype=np.uint16)
    picture[10:20, 12] = 100  # the letter L, ten high and five wide
    picture[19, 12:17] = 100
    parts = find_parts(picture, is_dark=False)
    assert parts is not None
    assert (parts.top.item(), parts.bottom.item(), parts.left.item(), parts.right.item()) == (10, 20, 12, 17)
    assert (parts.area.item(), parts.runs_along.item(), parts.runs_down.item()) == (14, 10, 5)
    assert parts.stroke_width.item() == pytest.approx(2 * 14 / 30)  # 30 sides of pixels lie bare
    assert (parts.contrast.item(), parts.level.item()) == (100, 100)


def test_a_picture_full_of_specks_asks_few_pairs_of_each() -> None:
    picture = np.zeros((400, 400), dtype=np.uint16)
    for row in range(6):
        picture[row::8, 1::8][:50, :50] = 4000  # 2500 strokes of six pixels
    parts = find_parts(picture, is_dark=False)
    assert parts is not None
    letters = np.arange(len(parts.top))
    assert len(letters) == 2500
    assert len(drawn_text._near_pairs(parts, letters)) <= drawn_text.NEAREST * len(letters)


def test_a_page_of_writing_is_one_box(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = noisy()
    for row in (20, 60, 100, 140):
        picture = write(picture, "LINE OF TEXT", at=(row, 30))
    assert len(find_drawn_text(picture)) == 4
    monkeypatch.setattr(drawn_text, "MOST_LINES", 3)
    (page,) = find_drawn_text(picture)
    assert page.top < 40
    assert page.bottom > 140


def test_whole_numbers_keep_their_steps_and_others_their_order() -> None:
    assert to_unsigned(np.array([[-1024, 3071]], dtype=np.int16)).tolist() == [[0, 4095]]
    assert to_unsigned(np.array([[0, 10**6]], dtype=np.int64)).tolist() == [[0, 65535]]
    assert to_unsigned(np.array([[True, False]])).tolist() == [[1, 0]]
    assert to_unsigned(np.array([[0.5, 0.5]])).tolist() == [[0, 0]]


def test_words_on_real_ultrasound_screens_are_found() -> None:
    path = get_testdata_file("examples_jpeg2k.dcm")  # its upper fifth is a screen's writing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = pydicom.dcmread(str(path)).pixel_array.max(axis=-1)
    found = find_drawn_text(pixels)
    white = pixels == 255
    share = np.where(white & (np.arange(480)[:, None] < 104), 1.0, 0.0)  # above the picture all white is writing
    assert holds(found, share) > 0.9


@pytest.mark.data
def test_no_real_scan_is_taken_for_writing(shared_data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for folder in ("qrm-phantom/dicom", "chest-thick/sharp", "abdomen-contrast/series"):
            for file in sorted((shared_data / folder).iterdir())[::8]:
                assert find_drawn_text(pydicom.dcmread(file).pixel_array) == (), folder
