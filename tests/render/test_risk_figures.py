"""Drawings of percentiles and risks."""

import re
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from vascal.render.risk_figures import RiskRow, draw_percentiles, draw_risks
from vascal.risk.percentile_curves import PercentileCurve

CURVES = tuple(
    PercentileCurve(percent=p, points=((45.0, s), (60.0, 4 * s), (75.0, 20 * s)))
    for p, s in ((25, 0.0), (50, 3.0), (75, 40.0), (90, 150.0))
)


def dots(svg: str) -> list[tuple[float, float]]:
    found = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)
    return [(float(x), float(y)) for x, y in found]


@given(st.floats(18, 100), st.floats(0, 20000))
def test_any_patient_is_inside_the_drawing(age: float, agatston: float) -> None:
    svg = draw_percentiles(CURVES, age, agatston)
    ElementTree.fromstring(svg)
    ((x, y),) = dots(svg)
    assert 40 < x < 420
    assert 0 < y <= 260


def test_a_higher_score_stands_higher_and_an_older_patient_further_right() -> None:
    ((x, y),) = dots(draw_percentiles(CURVES, 60, 100))
    ((older, _),) = dots(draw_percentiles(CURVES, 61, 100))
    ((_, higher),) = dots(draw_percentiles(CURVES, 60, 101))
    assert older > x
    assert higher < y


def test_names_of_curves_never_touch() -> None:
    flat = tuple(PercentileCurve(percent=p, points=((45.0, 0.0), (75.0, 0.0))) for p in (25, 50, 75, 90))
    svg = draw_percentiles(flat, 60, 0, (0, 12))
    heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)"[^>]*>\d+th<', svg))
    assert len(heights) == 4
    assert all(b - a >= 13 for a, b in pairwise(heights))


def test_risk_before_is_a_ring_and_after_a_dot_on_one_scale() -> None:
    svg = draw_risks(
        [RiskRow(title="MESA", before=0.05, after=0.1, span=(0.08, 0.12)), RiskRow(title="A < B", before=0.2)]
    )
    ElementTree.fromstring(svg)
    (after, _), (before, _), (other, _) = dots(svg)
    assert after - before == (other - after) / 2 or abs((after - before) - (other - after) / 2) < 0.11
    assert "5.0 % → 10.0 %" in svg
    assert "MESA 5.0 %, with calcium 10.0 %; A &lt; B 20.0 %." in svg


@given(st.floats(0, 1), st.floats(0, 1))
def test_any_risk_fits(before: float, after: float) -> None:
    svg = draw_risks([RiskRow(title="m", before=before, after=after)])
    ElementTree.fromstring(svg)
    assert all(10 <= x <= 442 for x, _ in dots(svg))
