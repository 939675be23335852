"""Vascular calcification on CT: measured, named, and reported with its limits."""

from __future__ import annotations

__version__ = "0.1.0"
