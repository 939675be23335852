"""What a number of studies can say of a test's accuracy: AUC, sensitivity, specificity.

Ask it the other way with `vascal.evaluate.sample_size`:

>>> from vascal.evaluate.sample_size import studies_for_width
>>> studies_for_width(lambda n: share_width(n, share=0.9, among=0.3), 0.1)
470
"""

from __future__ import annotations

import math

from scipy.stats import norm

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile
from vascal.evaluate.estimate import LEVEL
from vascal.evaluate.sample_size import require_counts, require_shares


def auc_power(n: int, *, auc: float, null: float = 0.5, prevalence: float, alpha: float = 0.05) -> float:
    """Give the power to show that an area under the ROC curve differs from a null value.

    Parameters
    ----------
    n
        Studies, cases and controls together.
    auc, null
        True area, and the one to be excluded; between 0 and 1.
    prevalence
        Share of cases among the studies, between 0 and 1.
    alpha
        Two-sided.

    Returns
    -------
    float
        Of the normal test, with Hanley and McNeil's error under each value.

    Raises
    ------
    EvaluationError
        If a value is out of range.

    Notes
    -----
    Cautious against DeLong's test, whose error is that of the true area alone:
    262 studies planned for 80 % (0.8 against 0.7) reached 89 % in simulations.

    References
    ----------
    Hanley & McNeil, Radiology 1982;143:29-36, doi:10.1148/radiology.143.1.7063747.
    """
    require_shares(alpha=alpha)
    needed = float(norm.isf(alpha / 2)) * _auc_error(n, null, prevalence)
    return float(norm.sf((needed - abs(auc - null)) / _auc_error(n, auc, prevalence)))


def auc_width(n: int, *, auc: float, prevalence: float, level: float = LEVEL) -> float:
    """Give the width of the interval of an area under the ROC curve.

    Parameters
    ----------
    n
        Studies, cases and controls together.
    auc
        Expected area, between 0 and 1.
    prevalence
        Share of cases among the studies, between 0 and 1.
    level
        Confidence level.

    Returns
    -------
    float

    Raises
    ------
    EvaluationError
        If a value is out of range.

    References
    ----------
    Hanley & McNeil, Radiology 1982;143:29-36, doi:10.1148/radiology.143.1.7063747.
    """
    return 2 * normal_quantile(level) * _auc_error(n, auc, prevalence)


def share_width(n: int, *, share: float, among: float = 1.0, level: float = LEVEL) -> float:
    """Give the width of Wilson's interval of a share: sensitivity, specificity, agreement.

    Parameters
    ----------
    n
        Studies.
    share
        Expected share, 0 to 1.
    among
        Part of the studies it is a share of: for a sensitivity the prevalence,
        for a specificity 1 - prevalence.
    level
        Confidence level.

    Returns
    -------
    float

    Raises
    ------
    EvaluationError
        If a value is out of range.

    References
    ----------
    Wilson, J Am Stat Assoc 1927;22:209-212, doi:10.1080/01621459.1927.10502953.
    """
    require_counts(n=(n, 1))
    if not (0 <= share <= 1 and 0 < among <= 1):
        raise EvaluationError(f"a share of 0 to 1 among a part above 0 is needed; {share:g} among {among:g} found")
    z, members = normal_quantile(level), n * among
    return 2 * z * math.sqrt(share * (1 - share) / members + z**2 / (4 * members**2)) / (1 + z**2 / members)


def _auc_error(n: int, auc: float, prevalence: float) -> float:
    require_counts(n=(n, 2))
    require_shares(auc=auc, prevalence=prevalence)
    cases, controls = n * prevalence, n * (1 - prevalence)
    both_cases, both_controls = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (cases - 1) * (both_cases - auc**2) + (controls - 1) * (both_controls - auc**2)
    return math.sqrt(max(variance, auc * (1 - auc)) / (cases * controls))  # below one case the formula breaks
