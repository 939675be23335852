from __future__ import annotations

import numpy as np
import pytest
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.censoring import estimate_censoring
from vascal.evaluate.cox import fit_cox, stack_covariates, standardise
from vascal.evaluate.fine_gray import _late, _stay_at_risk, fit_fine_gray
from vascal.evaluate.risk_sets import RiskSets, Stratum, maximise


def frozen() -> tuple[ndarray, ndarray, dict[str, ndarray]]:
    # R: i <- 1:80; t <- round(10*((i*0.6180339887)%%1)+0.3*(i%%7)+0.001*i, 4); e <- (i*i+i%/%5)%%3
    #    x1 <- round(sin(i*1.7), 3); x2 <- as.numeric(i%%3==0)
    i = np.arange(1, 81)
    time, causes = np.round(10 * ((i * 0.6180339887) % 1) + 0.3 * (i % 7) + 0.001 * i, 4), (i * i + i // 5) % 3
    return time, causes, {"x1": np.round(np.sin(i * 1.7), 3), "x2": (i % 3 == 0).astype(float)}


def test_coefficients_and_variance_agree_with_cmprsk() -> None:
    # R: f <- cmprsk::crr(t, e, cbind(x1, x2), maxiter = 80, gtol = 1e-13); f$coef; f$var
    found = fit_fine_gray(*frozen()[:2], 1, frozen()[2])
    assert found.coefficients == pytest.approx([-0.386488623081506, 0.208887709654627], abs=1e-10)
    first, second = [0.0783266860768166, -0.0187706451281585], [-0.0187706451281585, 0.1263289378134109]
    assert found.covariance == pytest.approx(np.array([first, second]), abs=1e-10)
    assert (found.n, found.events) == (80, int(np.sum(frozen()[1] == 1)))


def test_taking_the_weights_as_known_agrees_with_survival() -> None:
    # R: g <- finegray(Surv(t, ef) ~ ., d, id = id, etype = "p")
    #    coxph(Surv(fgstart, fgstop, fgstatus) ~ x1 + x2, g, weights = fgwt, ties = "breslow", cluster = id)$var
    time, causes, covariates = frozen()
    x, scale = standardise(stack_covariates(covariates))
    sets = _stay_at_risk(time, causes, 1, estimate_censoring(time, causes > 0))
    stratum = Stratum(sets=sets, x=x, ties="breslow")
    top = maximise([stratum])
    residuals, bread = stratum.residuals(top.parts[0]), np.linalg.inv(top.information)
    variance = bread @ residuals.T @ residuals @ bread / np.outer(scale, scale)
    first, second = [0.0779534069534748, -0.0184713610417607], [-0.0184713610417607, 0.1259954823832079]
    assert variance == pytest.approx(np.array([first, second]), abs=1e-10)
    assert residuals.sum(axis=0) == pytest.approx([0, 0], abs=1e-9)


def test_tied_times_agree_with_survival() -> None:
    # R: as above with t <- ceiling(t)
    time, causes, covariates = frozen()
    found = fit_fine_gray(np.ceil(time), causes, 1, covariates)
    assert found.coefficients == pytest.approx([-0.304623037155435, 0.162723241487884], abs=1e-10)


def test_without_the_competing_event_it_is_cox_with_robust_variance() -> None:
    time, causes, covariates = frozen()
    causes = np.where(causes == 2, 0, causes)
    found = fit_fine_gray(time, causes, 1, covariates)
    other = fit_cox(time, causes == 1, covariates, cluster=np.arange(80))
    assert found.coefficients == pytest.approx(other.coefficients, abs=1e-9)
    assert found.covariance == pytest.approx(other.covariance, abs=1e-9)
    assert found.log_likelihood == pytest.approx(other.log_likelihood)


def test_without_censoring_competing_events_never_leave() -> None:
    time, causes, covariates = frozen()
    causes = np.where(causes == 0, 1, causes)
    stays = np.where(causes == 2, 1000.0, time)
    found = fit_fine_gray(time, causes, 1, covariates)
    other = fit_cox(stays, causes == 1, covariates, cluster=np.arange(80))
    assert found.coefficients == pytest.approx(other.coefficients, abs=1e-9)
    assert found.covariance == pytest.approx(other.covariance, abs=1e-9)


def test_what_can_not_be_fitted_is_refused() -> None:
    time, causes, covariates = frozen()
    with pytest.raises(EvaluationError, match="cause 3 are needed"):
        fit_fine_gray(time, causes, 3, covariates)
    with pytest.raises(EvaluationError, match="these have none"):
        _late(RiskSets(time=time, event=causes == 1))
