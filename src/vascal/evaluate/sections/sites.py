"""Site by site, and what another site may expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vascal.evaluate.cohort import Cohort, as_words
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.group_difference import mean_with_interval, size_with_interval
from vascal.evaluate.icc import icc
from vascal.evaluate.meta_analysis import PooledEffect, pool_sites
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Cell, Column, ForestPlot, ResultTable, Section
from vascal.evaluate.sections.agreement import STUDIES
from vascal.evaluate.sections.subgroups import FEW


def evaluate_sites(cohort: Cohort, plan: AnalysisPlan) -> Section:
    """Give results of each site, pool them by random effects, and predict another site's."""
    words = as_words(cohort.columns[str(plan.site)])
    sites = {str(name): cohort.only(words == name) for name in np.unique(words)}
    large = {name: site for name, site in sites.items() if len(site) >= FEW}
    errors = {name: np.asarray(site.predicted - site.reference) for name, site in large.items()}
    sizes = {name: np.abs(error) for name, error in errors.items()}
    bias = {name: mean_with_interval(error, level=plan.level) for name, error in errors.items()}
    mae = {name: size_with_interval(size, level=plan.level) for name, size in sizes.items()}
    rows: list[tuple[Cell, ...]] = [
        (name, len(site), bias[name], mae[name], icc(_pair(site), plan.icc_form, level=plan.level))
        for name, site in large.items()
    ]
    pooled = {"bias": _pool(errors, plan), "mae": _pool_sizes(sizes, plan)}
    left_out = [f"{name} ({len(site)})" for name, site in sites.items() if name not in large]
    return Section(
        key="sites",
        title="Sites",
        text=_summarise(pooled["mae"], len(large), plan),
        tables=(
            _site_table(rows, plan),
            *((_pooled_table(pooled),) if any(pooled.values()) else ()),
            *((_held_out_table(sizes, mae, plan),) if len(large) > 2 and pooled["mae"] else ()),
        ),
        plots=(
            ForestPlot(
                key="sites",
                title="Mean absolute error by site",
                label=f"Mean absolute error, {plan.unit}",
                rows=(*mae.items(), *_pooled_rows(pooled["mae"])),
                line_at=pooled["mae"].mean.value if pooled["mae"] else None,
            ),
        ),
        methods=(
            "Results of sites were pooled by random effects, absolute errors as logarithms, with the variance between "
            "sites by restricted maximum "
            "likelihood [viechtbauer2005] and Hartung-Knapp intervals [hartung2001]; the prediction interval is where "
            "another such site is expected.",
        ),
        cautions=(f"Sites of fewer than {FEW} studies are left out: {', '.join(left_out)}.",) if left_out else (),
    )


def _pair(site: Cohort) -> np.ndarray:
    return np.stack([site.predicted, site.reference], axis=1)


def _pool(values: Mapping[str, np.ndarray], plan: AnalysisPlan) -> PooledEffect | None:
    """Pool the means of sites; None with one site, or where a site's values never vary."""
    variances = np.array([column.var(ddof=1) / len(column) for column in values.values()])
    if len(values) < 2 or (variances <= 0).any():
        return None
    return pool_sites(np.array([column.mean() for column in values.values()]), variances, level=plan.level)


def _pool_sizes(values: Mapping[str, np.ndarray], plan: AnalysisPlan) -> PooledEffect | None:
    """Pool means that are never negative, on the log scale; the variances between sites stay on that scale."""
    means = np.array([column.mean() for column in values.values()])
    variances = np.array([column.var(ddof=1) / len(column) for column in values.values()])
    if len(values) < 2 or (variances <= 0).any():
        return None
    pooled = pool_sites(np.log(means), variances / means**2, level=plan.level)
    return replace(pooled, mean=_exp(pooled.mean), prediction=_exp(pooled.prediction))


def _exp(estimate: Estimate) -> Estimate:
    value, low, high = (float(np.exp(number)) for number in (estimate.value, estimate.low, estimate.high))
    return replace(estimate, value=value, low=low, high=high, p_value=None, method=f"{estimate.method}, log scale")


def _site_table(rows: list[tuple[Cell, ...]], plan: AnalysisPlan) -> ResultTable:
    return ResultTable(
        key="sites",
        title="Results by site",
        columns=(
            Column(key="site", title="Site", style="text"),
            STUDIES,
            Column(key="bias", title="Bias"),
            Column(key="mae", title="MAE"),
            Column(key="icc", title=f"ICC({plan.icc_form})"),
        ),
        rows=tuple(rows),
    )


def _pooled_table(pooled: dict[str, PooledEffect | None]) -> ResultTable:
    titles = {"bias": "Bias", "mae": "Mean absolute error"}
    rows: list[tuple[Cell, ...]] = [
        (titles[key], found.mean, found.prediction, found.tau2, found.i2, found.q_p_value)
        for key, found in pooled.items()
        if found
    ]
    return ResultTable(
        key="pooled",
        title="Pooled over sites by random effects",
        columns=(
            Column(key="what", title="", style="text"),
            Column(key="mean", title="Pooled mean"),
            Column(key="prediction", title="Another site"),
            Column(key="tau2", title="tau²"),
            Column(key="i2", title="I²", style="share"),
            Column(key="q_p", title="Heterogeneity p", style="p"),
        ),
        rows=tuple(rows),
        note="Another site: the mean with the prediction interval for a new site. Absolute errors are pooled as "
        "logarithms, and their tau² is on that scale.",
    )


def _held_out_table(sizes: Mapping[str, np.ndarray], mae: Mapping[str, Estimate], plan: AnalysisPlan) -> ResultTable:
    """Hold each site out: pool the others, and see whether it falls where they predict."""
    rows: list[tuple[Cell, ...]] = []
    for name, own in mae.items():
        rest = _pool_sizes({other: column for other, column in sizes.items() if other != name}, plan)
        if rest:
            is_inside = rest.prediction.low <= own.value <= rest.prediction.high
            rows.append((name, own, rest.mean, rest.prediction, "yes" if is_inside else "no"))
    return ResultTable(
        key="held_out",
        title="Each site held out",
        columns=(
            Column(key="site", title="Site held out", style="text"),
            Column(key="mae", title="Its MAE"),
            Column(key="others", title="Pooled MAE of the others"),
            Column(key="prediction", title="Expected from them"),
            Column(key="is_inside", title="As expected", style="text"),
        ),
        rows=tuple(rows),
        note="Expected: prediction interval of the other sites for a new one.",
    )


def _pooled_rows(pooled: PooledEffect | None) -> tuple[tuple[str, Estimate], ...]:
    return (("pooled", pooled.mean), ("another site", pooled.prediction)) if pooled else ()


def _summarise(pooled: PooledEffect | None, sites: int, plan: AnalysisPlan) -> str:
    if pooled is None:
        return ""
    mean, other = pooled.mean, pooled.prediction
    return (
        f"Over {sites} sites the mean absolute error is {mean.value:.3g} {plan.unit} ({mean.low:.3g} to "
        f"{mean.high:.3g}); another site may expect {other.low:.3g} to {other.high:.3g}."
    )
