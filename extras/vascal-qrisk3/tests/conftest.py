"""The package is tested where it lies; it need not be installed."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))


@pytest.fixture
def readme() -> Path:
    return Path(__file__).parents[1] / "README.md"
