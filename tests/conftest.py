"""What every test shares: shape checks while testing, and where real scans lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

import tests.shapes

install_import_hook("vascal", f"{tests.shapes.__name__}.check")

settings.register_profile("vascal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vascal")

DEFAULT_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real scans; the test is skipped where it is absent."""
    folder = Path(os.environ.get("VASCAL_TEST_DATA", DEFAULT_DATA))
    if not folder.is_dir():
        if os.environ.get("VASCAL_REQUIRE_TOOLS"):
            pytest.fail("real scans are not here, and this run demands them")
        pytest.skip("real scans are not here; set VASCAL_TEST_DATA to their folder")
    return folder
