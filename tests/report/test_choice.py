"""Which series of a study to quote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vascal.report.choice import Quotable, choose_series


def series(
    key: str, *caveats: str, spacing_mm: float = 3.0, quotable: bool = True, number: int | None = None
) -> Quotable:
    return Quotable(
        key=key, is_quotable=quotable, caveats=frozenset(caveats), spacing_mm=spacing_mm, series_number=number
    )


def test_nothing_quotable_gives_no_choice() -> None:
    assert choose_series([]) is None
    assert choose_series([series("a", quotable=False)]) is None


def test_a_lone_series_says_so() -> None:
    choice = choose_series([series("a", "non-gated", "thick-slices")])
    assert choice is not None
    assert (choice.index, choice.reason) == (0, "the only series")
    choice = choose_series([series("a", "contrast", quotable=False), series("b")])
    assert choice is not None
    assert (choice.index, choice.reason) == (1, "the only quotable series")


def test_gating_goes_before_slice_thickness_and_kernel() -> None:
    chest = series("chest", "non-gated")
    gated = series("gated", "thin-slices", "sharp-kernel", spacing_mm=1.0)
    choice = choose_series([chest, gated])
    assert choice is not None
    assert (choice.index, choice.reason) == (1, "ECG-gated")


def test_the_soft_kernel_wins_between_two_reconstructions() -> None:
    choice = choose_series([series("sharp", "non-gated", "sharp-kernel"), series("soft", "non-gated")])
    assert choice is not None
    assert (choice.index, choice.reason) == (1, "soft kernel")


def test_spacing_nearest_to_three_millimetres_breaks_a_tie() -> None:
    choice = choose_series([series("a", spacing_mm=2.0), series("b", spacing_mm=2.5)])
    assert choice is not None
    assert choice.index == 1
    assert "nearest to 3 mm" in choice.reason


def test_equal_series_are_told_apart_by_number() -> None:
    choice = choose_series([series("b", number=4), series("a", number=2)])
    assert choice is not None
    assert (choice.index, choice.reason) == (1, "first of equally good series")


CODES = ["contrast-claimed", "non-gated", "thick-slices", "sharp-kernel", "kvp-adapted", "noise", "gaps"]


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(CODES)), st.floats(0.5, 6), st.integers(0, 9), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    st.randoms(),
)
def test_the_choice_does_not_depend_on_order(found: list[tuple[set[str], float, int, bool]], random: object) -> None:
    scored = [
        series(f"s{n}", *codes, spacing_mm=spacing, number=number, quotable=quotable)
        for n, (codes, spacing, number, quotable) in enumerate(found)
    ]
    mixed = list(reversed(scored))
    first, second = choose_series(scored), choose_series(mixed)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert scored[first.index].key == mixed[second.index].key
