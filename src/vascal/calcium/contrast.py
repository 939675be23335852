"""Calcium among contrast agent: a threshold above the blood, and a score that is an estimate."""

from __future__ import annotations

from dataclasses import replace

from vascal.anatomy.confounders import calcium_above_contrast_hu
from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.rule import AgatstonRule

SUFFIX = "+contrast"


def contrast_rule(rule: AgatstonRule, anatomy: Anatomy) -> AgatstonRule:
    """Raise a rule's threshold above contrast-filled blood; without contrast agent the rule stays.

    Parameters
    ----------
    rule
        For the scan's tube voltage.
    anatomy
        Says whether blood is enhanced, and by how much.

    Returns
    -------
    AgatstonRule
        With the threshold of `vascal.anatomy.confounders.calcium_above_contrast_hu`: the brightest blood plus
        three standard deviations of its noise, at least 300 HU. Named after the rule with ``+contrast``.

    Notes
    -----
    Fixed thresholds of 320, 350 and 600 HU and the aorta's mean plus two or three standard deviations are in use
    for coronary CT angiography; none is a standard. What is less dense than contrast agent is missed, and borders
    of what is found are cut differently: the score is an estimate and never an Agatston score.
    """
    if not anatomy.is_contrast_enhanced:
        return rule
    level = max(calcium_above_contrast_hu(anatomy), rule.threshold_hu)
    return replace(rule, name=rule.name + SUFFIX, threshold_hu=float(round(level)))
