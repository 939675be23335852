"""The picture of what spoke for coronary calcium."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from vascal.render.palette import colour_of
from vascal.render.saliency import HEADER, SIDE, Explained, draw_saliency
from vascal.report.saliency import Saliency


def explained(vessel: str | None = "LAD", *, heat: float = 1.0) -> Explained:
    hu = np.full((24, 24), -90, dtype=np.float32)
    hu[10:14, 10:14] = 600
    mask = (hu > 130).astype(np.float32)
    warm = np.zeros((24, 24), dtype=np.float32)
    warm[8:16, 8:16] = heat
    return Explained(saliency=Saliency(hu=hu, mask=mask, heat=warm), title="1  LAD", probability=0.93, vessel=vessel)


def pixels(*shown: Explained) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(draw_saliency(shown))).convert("RGB"))


def test_a_row_holds_three_candidates() -> None:
    one, four = pixels(explained()), pixels(*[explained()] * 4)
    assert one.shape[1] == four.shape[1]
    assert four.shape[0] > one.shape[0]


def test_the_candidate_is_outlined_in_its_vessels_colour() -> None:
    image = pixels(explained("RCA"))
    colour = [int(colour_of("RCA")[n : n + 2], 16) for n in (1, 3, 5)]
    assert np.count_nonzero(np.all(image == colour, axis=-1)) > 100


def test_heat_changes_only_the_right_panel() -> None:
    warm, cold = pixels(explained()), pixels(explained(heat=0.0))
    changed = np.any(warm != cold, axis=-1)[HEADER : HEADER + SIDE]
    assert not changed[:, : 14 + SIDE].any()
    assert changed[:, 14 + SIDE :].any()


@pytest.mark.parametrize("vessel", [None, "LM"])
def test_rejected_and_accepted_are_told_apart(vessel: str | None) -> None:
    assert np.any(pixels(explained(vessel)) != pixels(explained("LAD")))


def test_nothing_to_explain_is_said() -> None:
    assert pixels().shape[0] > HEADER
