"""What is shown is found again in a viewer: images are called by the numbers that viewers show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.make_report import make_images, make_report, make_volume
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.render.image_numbers import number_images, show_span
from vascal.render.key_figures import caption_panel
from vascal.render.key_images import draw_key_images
from vascal.render.language import read_language
from vascal.render.marks import Marks
from vascal.render.page import draw_page
from vascal.study import ImageSource, Series
from vascal.volume import Grid, Volume

DOWN = (46, 45, 44, 43, 42, 41)
"""Slices go up from the feet; scanners number images from the head."""


def series(*images: ImageSource) -> Series:
    grid = Grid.even((max(len(images), 1), 8, 8), (3.0, 1.0, 1.0))
    return Series(study_instance_uid="1.2", series_instance_uid="1.2.3", key="1.2.3", images=images, grid=grid)


def image(number: int | None, frame: int | None = None) -> ImageSource:
    return ImageSource(path=Path("ct.dcm"), frame=frame, instance_number=number)


def scene() -> tuple[Volume, Marks]:
    volume, labels = make_volume()
    return volume, Marks(lesions=find_lesions(find_candidates(volume, labels, AGATSTON_1990), AGATSTON_1990))


def test_images_have_their_instance_numbers() -> None:
    assert number_images(series(image(3), image(2), image(1))) == (3, 2, 1)


def test_frames_count_from_one_and_not_by_the_number_of_their_file() -> None:
    assert number_images(series(image(7, frame=1), image(7, frame=0))) == (2, 1)


@pytest.mark.parametrize("images", [(image(1), image(None)), (image(1), image(1)), (image(1, 0), image(2, 0))])
def test_a_number_that_leads_to_no_single_image_is_not_given(images: tuple[ImageSource, ...]) -> None:
    assert number_images(series(*images)) == ()


def test_files_that_are_no_dicom_have_slices_only() -> None:
    assert number_images(replace(series(image(None, 0), image(None, 1)), source_format="nifti")) == ()


def test_a_key_image_is_called_by_its_number_in_a_viewer() -> None:
    volume, marks = scene()
    captions = [caption_panel(panel) for panel in draw_key_images(volume, marks, DOWN).front]
    assert captions == ["Image 43 (slice 4 of 6), z 109.0 mm", "Image 44 (slice 3 of 6), z 106.0 mm"]
    assert read_language("de").say(captions[0]) == "Bild 43 (Schicht 4 von 6), z 109,0 mm"
    assert read_language("zh").say(captions[0]) == "图像 43（第 4/6 层），z 109.0 mm"


def test_numbers_of_another_stack_are_not_used() -> None:
    volume, marks = scene()
    assert draw_key_images(volume, marks, (1, 2)).numbers == ()


def test_a_place_below_zero_has_a_minus_sign() -> None:
    volume, marks = scene()
    panel = replace(draw_key_images(volume, marks).front[0], z_mm=-24.6)
    assert caption_panel(panel) == "Slice 4 of 6, z −24.6 mm"
    assert read_language("de").say(caption_panel(panel)) == "Schicht 4 von 6, z −24,6 mm"


def test_the_table_of_lesions_says_which_numbers_it_gives() -> None:
    slices = draw_page(make_report(), make_images())
    images = draw_page(make_report(), replace(make_images(), numbers=DOWN))
    lesion = make_report().score.lesions[0]
    assert '<th scope="col">Slices</th>' in slices
    assert '<th scope="col">Images</th>' in images
    assert f"<td>{show_span(lesion.slices, ())}</td>" in slices
    assert f"<td>{show_span(lesion.slices, DOWN)}</td>" in images


def test_numbers_out_of_order_are_told_one_by_one() -> None:
    assert show_span((0, 2), (5, 9, 7)) == "5, 7, 9"
    assert show_span((0, 2), (10, 20, 30)) == "10–30"
