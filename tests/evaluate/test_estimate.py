import numpy as np
import pytest

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import require_same_length, require_studies


def test_columns_of_unequal_length_are_refused_by_name() -> None:
    with pytest.raises(EvaluationError, match="predicted has 2, reference has 1"):
        require_same_length(predicted=np.ones(2), reference=np.ones(1))


def test_too_few_studies_are_refused_with_both_numbers() -> None:
    with pytest.raises(EvaluationError, match="a correlation needs at least 4 studies; 3 found"):
        require_studies(3, 4, "a correlation")
