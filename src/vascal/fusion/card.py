"""The model card: what was fitted to whom, how well it foretells, and where it ends, as Markdown.

Order and content after Mitchell et al., FAT* 2019:220-229, doi:10.1145/3287560.3287596, and
TRIPOD+AI: Collins et al., BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from vascal.evaluate.estimate import Estimate
from vascal.fusion.outcome_study import OutcomeStudy
from vascal.fusion.study import FusionStudy
from vascal.fusion.tuning import names_of

TITLES: Mapping[str, str] = {
    "concordance": "Concordance (Harrell's C; AUC for yes or no)",
    "uno_c": "Uno's C",
    "auc_at_horizon": "AUC at the horizon",
    "brier": "Brier score",
    "scaled_brier": "Brier score, scaled (0: no better than the average risk)",
    "observed_expected": "Observed / expected events (1 is perfect)",
    "calibration_slope": "Calibration slope (1 is perfect)",
}
SHOWN = 15
"""Features in a table of importance; importances.csv has all."""


def write_fusion_card(study: FusionStudy) -> str:
    """Write the card."""
    parts = [
        f"# {_plain(study.recipe.title)}",
        _warn(study),
        "## What it is for\n\n" + _purpose(study),
        "## Whom it was fitted to\n\n" + _cohort(study),
        "## Features\n\n" + _features(study),
        *(_outcome(one) for one in study.outcomes),
        "## How it was made\n\n" + _methods(study),
        "## Limits\n\n" + _limits(study),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _warn(study: FusionStudy) -> str:
    if not study.model.is_simulated:
        return "For research. Not a medical device."
    return (
        "**SIMULATED.** The patients of this cohort do not exist and their hazards were chosen by hand. The model "
        "shows how the software works; it must not be applied to anybody."
    )


def _purpose(study: FusionStudy) -> str:
    items = []
    for one in study.outcomes:
        outcome = one.model.outcome
        what = "yes or no" if outcome.horizon_years is None else f"risk within {outcome.horizon_years:g} years"
        other = ", death or another competing event taken into account" if one.competing else ""
        items.append(f"- **{_plain(outcome.name)}**: {what}{other}")
    kind = {"penalised": "elastic-net regression", "boosted": "gradient-boosted trees"}[study.recipe.learner]
    return f"Foretells, by {kind}:\n\n" + "\n".join(items)


def _cohort(study: FusionStudy) -> str:
    header = ("Outcome", "Rows", "Events", "Competing", "Median follow-up, years")
    rows = [
        (
            one.model.outcome.name,
            f"{one.rows:,}",
            f"{one.events:,}",
            f"{one.competing:,}",
            "-" if one.follow_up_years is None else f"{one.follow_up_years:.1f}",
        )
        for one in study.outcomes
    ]
    return f"{study.rows:,} rows of {study.patients:,} patients (file SHA-256 `{study.digest}`).\n\n" + _table(
        header, rows
    )


def _features(study: FusionStudy) -> str:
    header = ("Feature", "From", "Kind", "Unit", "Range or words", "Empty")
    rows = []
    for code in study.model.known:
        feature = code.feature
        words = ", ".join((code.reference, *code.levels)) if feature.is_word else f"{code.low:g} to {code.high:g}"
        empty = f"{study.empty[feature.name]:.1%}"
        note = " (not applicable)" if feature.blank == "not-applicable" else ""
        kind = f"{feature.kind}, ln(1 + x)" if feature.kind == "score" else feature.kind
        span = "-" if feature.kind == "yes-no" else words
        rows.append((feature.name, feature.block, kind, feature.unit or "-", span, empty + note))
    return _table(header, rows) + "\n\nRanges are rounded outwards. A patient outside them gets a caveat."


def _outcome(one: OutcomeStudy) -> str:
    outcome = one.model.outcome
    by = "" if outcome.horizon_years is None else f" within {outcome.horizon_years:g} years"
    parts = [
        f"## {_plain(outcome.name)}{by}",
        "### Performance on rows held out\n\n" + _performance(one),
        "### What matters\n\n" + _importance(one),
        f"### {'Odds' if outcome.horizon_years is None else 'Hazard'} ratios\n\n" + _ratios(one),
    ]
    if one.subgroups:
        parts.append("### Subgroups, held out\n\n" + _subgroups(one))
    cautions = list(_judgement(one))
    if cautions:
        parts.append("### Cautions\n\n" + "\n".join(f"- {caution}" for caution in cautions))
    return "\n\n".join(parts)


def _performance(one: OutcomeStudy) -> str:
    other = one.without_imaging
    header = ("Measure", "All features", *(("Without imaging",) if other else ()))
    rows = []
    for name, title in TITLES.items():
        if name in one.held_out.measures:
            cells = [title, _say(one.held_out.measures[name])]
            if other:
                cells.append(_say(other.measures[name]) if name in other.measures else "-")
            rows.append(tuple(cells))
    folds = ", ".join(f"{value:.3f}" for value in one.by_fold)
    lines = [
        _table(header, rows),
        f"Outer folds: {folds}; mean {np.mean(one.by_fold):.3f}. On its own rows {one.apparent.value:.3f}: "
        f"optimism {one.optimism:+.3f}.",
    ]
    if one.gain is not None:
        lines.append(f"Imaging changes concordance by {_say(one.gain, '+.3f')}.")
    return "\n\n".join(lines)


def _importance(one: OutcomeStudy) -> str:
    header = ("Feature", "Mean absolute contribution", "Fall of concordance when shuffled (folds)")
    rows = [
        (part.feature, f"{part.contribution:.3f}", f"{part.fall:+.4f} ({part.fall_low:+.4f} to {part.fall_high:+.4f})")
        for part in one.importance[:SHOWN]
    ]
    scale = "log odds" if one.model.outcome.horizon_years is None else "log hazard"
    return (
        _table(header, rows)
        + f"\n\nContributions are in {scale}. Features that tell the same share what they are worth."
    )


def _ratios(one: OutcomeStudy) -> str:
    if not one.ratios.ratios:
        return f"None: {one.ratios.caution}."
    rows = [(ratio.name, ratio.per, _say(ratio.estimate)) for ratio in one.ratios.ratios]
    note = (
        f"Of one unit, the others held; fitted without a penalty to the {one.ratios.rows:,} rows "
        f"({one.ratios.events:,} events) in which nothing is unknown. They describe; they are not effects of treatment."
    )
    return _table(("Column", "Unit", "Ratio"), rows) + f"\n\n{note}"


def _subgroups(one: OutcomeStudy) -> str:
    rows = [
        (
            part.name,
            f"{part.rows:,}",
            f"{part.events:,}",
            _say(part.concordance),
            "-" if part.observed_expected is None else _say(part.observed_expected),
        )
        for part in one.subgroups
    ]
    return _table(("Subgroup", "Rows", "Events", "Concordance", "Observed / expected"), rows)


def _judgement(one: OutcomeStudy) -> Iterator[str]:
    yield from one.cautions
    if one.gain is not None and math.isfinite(one.gain.low) and one.gain.low <= 0 <= one.gain.high:
        yield "Whether imaging adds to the clinical features can not be told here: the interval of the change holds 0."


def _methods(study: FusionStudy) -> str:
    how = study.recipe.validation
    chosen = "\n".join(
        f"- {_plain(one.model.outcome.name)}: {'; '.join(names_of([one.model.causes[0].settings]))} "
        f"(outer folds: {'; '.join(names_of(one.settings))})"
        for one in study.outcomes
    )
    return (
        f"{how.outer} outer folds estimate performance; {how.inner} inner folds within each choose the settings "
        f"(seed {how.seed}). Rows of a patient share a fold. Medians for empty cells, standardisation, settings, "
        "slope and baseline are learned from training rows alone. Slope and baseline come from rows that "
        "were held back within the training rows. Intervals of held-out numbers count rows as independent of their "
        f"models.\n\nSettings:\n\n{chosen}\n\nSoftware: vascal {study.model.version}."
    )


def _limits(study: FusionStudy) -> str:
    lines = [
        "Checked within one cohort only. Check it on patients of another hospital, time and scanner before any use "
        "(`vascal fuse apply`, then `vascal evaluate`).",
        "Columns must be measured and written as in this cohort, in the units above.",
        "A competing event is taken from the same cohort; where people die more or less often, risks are off."
        if any(one.competing for one in study.outcomes)
        else "",
        "For research. Not a medical device; no decision about a patient may rest on it.",
    ]
    return "\n".join(f"- {line}" for line in lines if line)


def _say(estimate: Estimate, style: str = ".3f") -> str:
    value = f"{estimate.value:{style}}"
    return f"{value} ({estimate.low:{style}} to {estimate.high:{style}})" if math.isfinite(estimate.low) else value


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(text: str) -> str:
    """Keep a name of the user's from breaking the page."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
