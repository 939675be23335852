# Copyright 2017 ClinRisk Ltd. Part of vascal-qrisk3, made from QRISK3-2017 (https://qrisk.org) under the GNU Lesser
# General Public License, version 3 or later, with additional terms: see disclaimer.py, COPYING.LESSER and COPYING.
"""QRISK3-2017: ten-year risk of a heart attack or a stroke.

Source: Hippisley-Cox et al., BMJ 2017;357:j2099, doi:10.1136/bmj.j2099; coefficients from ClinRisk's published code.
"""

from __future__ import annotations

from dataclasses import dataclass

from vascal_qrisk3.disclaimer import DISCLAIMER
from vascal_qrisk3.inputs import Qrisk3Inputs
from vascal_qrisk3.men import MEN
from vascal_qrisk3.women import WOMEN

SOURCE = "Hippisley-Cox et al., BMJ 2017;357:j2099, doi:10.1136/bmj.j2099"


@dataclass(frozen=True, slots=True, kw_only=True)
class Qrisk3Estimate:
    """A score, held together with its disclaimer.

    Parameters
    ----------
    probability
        Of coronary heart disease, ischaemic stroke or transient ischaemic attack within ten years, 0 to 1, unrounded.
    notes
        The disclaimer of ClinRisk's licence; show it wherever the score is shown.
    """

    probability: float
    notes: tuple[str, ...] = (DISCLAIMER,)

    def __float__(self) -> float:
        return self.probability


def estimate_qrisk3(inputs: Qrisk3Inputs) -> Qrisk3Estimate:
    """Estimate the ten-year risk by QRISK3-2017.

    Parameters
    ----------
    inputs
        All answers; they were checked when they were put together.

    Returns
    -------
    Qrisk3Estimate
        The probability and the disclaimer that belongs to it.
    """
    equation = WOMEN if inputs.sex == "F" else MEN
    return Qrisk3Estimate(probability=equation.probability_of(inputs))
