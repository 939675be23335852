"""Training is an extra: without torch these tests are skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

if not os.environ.get("VASCAL_REQUIRE_TOOLS"):
    pytest.importorskip("torch", reason="the train extra is not installed")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny networks are fastest on one core, and sums then have one order."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
