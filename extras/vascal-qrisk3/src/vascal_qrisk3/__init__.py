# Copyright 2017 ClinRisk Ltd. Part of vascal-qrisk3, made from QRISK3-2017 (https://qrisk.org) under the GNU Lesser
# General Public License, version 3 or later, with additional terms: see disclaimer.py, COPYING.LESSER and COPYING.
"""QRISK3-2017 in Python, apart from vascal because its licence is another."""

from vascal_qrisk3.disclaimer import DISCLAIMER
from vascal_qrisk3.inputs import Qrisk3InputError, Qrisk3Inputs
from vascal_qrisk3.score import SOURCE, Qrisk3Estimate, estimate_qrisk3

__all__ = ["DISCLAIMER", "SOURCE", "Qrisk3Estimate", "Qrisk3InputError", "Qrisk3Inputs", "estimate_qrisk3"]
