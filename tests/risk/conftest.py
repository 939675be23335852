"""A patient about whom everything is known."""

import pytest

from tests.risk.make_profile import make_complete_profile
from vascal.risk.profile import ClinicalProfile


@pytest.fixture
def complete_profile() -> ClinicalProfile:
    return make_complete_profile()
