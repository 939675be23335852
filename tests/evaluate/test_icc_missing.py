import numpy as np
import pytest

from tests.evaluate.test_icc import SHROUT_FLEISS
from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.icc import IccForm, icc
from vascal.evaluate.icc_missing import icc_of_all_ratings

FEW = Resampling(resamples=100, method="percentile")
HOLES = np.array(
    [
        [9.1, 2.3, 5.2], [6.4, np.nan, 3.3], [8.2, 4.1, 6.6], [7.0, 1.4, np.nan], [10.1, 5.7, 6.9],
        [6.3, 2.2, 4.8], [np.nan, np.nan, 7.1], [3.3, 0.4, 1.9], [5.2, np.nan, np.nan], [12.0, 6.9, 9.4],
    ]
)  # fmt: skip


@pytest.mark.parametrize("form", ["1,1", "2,1", "3,k"])
def test_complete_tables_give_the_numbers_of_the_analysis_of_variance(form: IccForm) -> None:
    assert icc_of_all_ratings(SHROUT_FLEISS, form, resampling=FEW).value == pytest.approx(
        icc(SHROUT_FLEISS, form).value, abs=2e-6
    )


LME4: dict[IccForm, float] = {"1,1": 0.31552904, "2,1": 0.46707417, "3,1": 0.91303104}


@pytest.mark.parametrize("form", ["1,1", "2,1", "3,1"])
def test_tables_with_holes_give_the_numbers_of_lme4(form: IccForm) -> None:
    # R 4.2.2, lme4: lmer(y ~ 1 + (1|study)), + (1|reader), and y ~ reader + (1|study), ftol_abs 1e-14.
    assert icc_of_all_ratings(HOLES, form, resampling=FEW).value == pytest.approx(LME4[form], abs=2e-6)


def test_dropping_incomplete_studies_would_say_something_else() -> None:
    found = icc_of_all_ratings(HOLES, "2,1", resampling=FEW)
    assert found.n == 10
    assert abs(found.value - icc(HOLES, "2,1").value) > 0.01
    assert found.low < found.value < found.high


def test_readers_who_disagree_throughout_agree_by_zero() -> None:
    assert icc_of_all_ratings(np.array([[0.0, 1], [1, 0], [0, 1], [1, 0]]), "3,1", resampling=FEW).value < 1e-5


def test_ratings_that_never_vary_have_no_correlation() -> None:
    assert np.isnan(icc_of_all_ratings(np.full((4, 2), 3.0), resampling=FEW).value)


def test_what_can_not_be_fitted_is_refused() -> None:
    with pytest.raises(EvaluationError, match="2 and 1 found"):
        icc_of_all_ratings(np.array([[1.0, 2], [1, np.nan], [np.nan, 3]]))
    with pytest.raises(EvaluationError, match="finite"):
        icc_of_all_ratings(np.array([[1.0, np.inf], [1, 2]]))
    with pytest.raises(EvaluationError, match="percentile interval"):
        icc_of_all_ratings(HOLES, resampling=Resampling(method="bca"))
