"""How often the intervals of agreement hold the truth, on data whose truth is known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats

from vascal.evaluate.accuracy import accuracy_statistics
from vascal.evaluate.bland_altman import bland_altman
from vascal.evaluate.bootstrap import Resampling, bootstrap_counts
from vascal.evaluate.confusion import categorise, count_confusion
from vascal.evaluate.correlation import concordance_correlation, correlation_statistics, kendall, pearson, spearman
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.group_difference import difference_of_means, size_with_interval
from vascal.evaluate.icc import IccForm, IccInterval, icc
from vascal.evaluate.kappa import Weights, kappa
from vascal.evaluate.proportion import wilson
from vascal.evaluate.repeatability import repeatability

Row = tuple[str, int, int, float, float]
"""Name, studies, replicates, nominal and reached coverage."""
LEVEL = 0.95


def reached(draw: Callable[[np.random.Generator], Estimate], truth: float, replicates: int, seed: int = 0) -> float:
    """Share of replicates whose interval holds the truth; without an interval it does not."""
    rng = np.random.default_rng(seed)
    found = [draw(rng) for _ in range(replicates)]
    return float(np.mean([estimate.low <= truth <= estimate.high for estimate in found]))


def coverage_icc(replicates: int = 2000) -> Iterator[Row]:
    """Two-way random model: studies 4, readers 0.5, residual 1 (variances), 3 readers."""
    studies, readers, residual, k = 4.0, 0.5, 1.0, 3
    truths: dict[IccForm, tuple[float, bool]] = {
        "1,1": (studies / (studies + residual), False),
        "2,1": (studies / (studies + readers + residual), True),
        "3,1": (studies / (studies + residual), True),
        "2,k": (studies / (studies + (readers + residual) / k), True),
    }
    for n in (30, 200):
        for form, (truth, has_readers) in truths.items():

            def draw(
                rng: np.random.Generator, n: int = n, form: IccForm = form, spread: bool = has_readers
            ) -> Estimate:
                ratings = rng.normal(0, studies**0.5, (n, 1)) + rng.normal(0, residual**0.5, (n, k))
                return icc(ratings + (rng.normal(0, readers**0.5, k) if spread else 0), form)

            yield f"ICC({form}), 3 readers", n, replicates, LEVEL, reached(draw, truth, replicates)


def coverage_icc_generalised(replicates: int = 1000) -> Iterator[Row]:
    """The same model, and few readers of many studies."""
    for n, k in ((30, 3), (200, 2), (200, 3), (1000, 3)):
        for name in ("f", "generalised"):
            how: IccInterval = "generalised" if name == "generalised" else "f"

            def draw(rng: np.random.Generator, n: int = n, k: int = k, how: IccInterval = how) -> Estimate:
                ratings = rng.normal(0, 2, (n, 1)) + rng.normal(0, 0.5**0.5, k) + rng.normal(0, 1, (n, k))
                return icc(ratings, "2,1", interval=how)

            yield f"ICC(2,1), {k} readers, {name}", n, replicates, LEVEL, reached(draw, 4 / 5.5, replicates)


def coverage_bland_altman(replicates: int = 2000) -> Iterator[Row]:
    """Differences of mean 1 and SD 2."""
    limit = 1 + stats.norm.ppf(0.975) * 2
    for n in (17, 100):
        for name, truth, part in (("bias", 1.0, "bias"), ("upper limit", limit, "upper")):
            for interval in ("exact", "approximate") if part == "upper" else ("exact",):

                def draw(rng: np.random.Generator, n: int = n, part: str = part, how: str = interval) -> Estimate:
                    reference = rng.normal(100, 10, n)
                    found = bland_altman(
                        reference + rng.normal(1, 2, n),
                        reference,
                        limit_interval="exact" if how == "exact" else "approximate",
                    )
                    estimate: Estimate = getattr(found, part)
                    return estimate

                yield f"Bland-Altman {name}, {interval}", n, replicates, LEVEL, reached(draw, truth, replicates)


def coverage_correlation(replicates: int = 1000) -> Iterator[Row]:
    """Bivariate normal with correlation 0.8; the reference has half the error's spread."""
    rho = 0.8
    truths = {
        "Pearson": (pearson, rho),
        "Spearman": (spearman, 6 / np.pi * np.arcsin(rho / 2)),
        "Kendall": (kendall, 2 / np.pi * np.arcsin(rho)),
        "Lin's CCC": (concordance_correlation, 2 * rho / (2 + 0.25)),
    }
    for n in (40, 300):
        for name, (statistic, truth) in truths.items():
            shift = 0.5 if name == "Lin's CCC" else 0.0

            def draw(
                rng: np.random.Generator,
                n: int = n,
                statistic: Callable[..., Estimate] = statistic,
                shift: float = shift,
            ) -> Estimate:
                x, y = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n).T
                return statistic(x + shift, y)

            yield name, n, replicates, LEVEL, reached(draw, float(truth), replicates)


def coverage_bootstrap(replicates: int = 500) -> Iterator[Row]:
    """Normal errors of SD 2 about a reference of SD 5: errors, R2 and correlations by both bootstraps."""
    truths = {
        "bias": 0.0, "mae": 2 * np.sqrt(2 / np.pi), "mse": 4.0, "rmse": 2.0, "r2": 1 - 4 / 25,
        "median_absolute_error": 2 * stats.norm.ppf(0.75), "pearson": 5 / np.sqrt(29),
        "ccc": 2 * 25 / (25 + 29), "spearman": 6 / np.pi * np.arcsin(5 / np.sqrt(29) / 2),
    }  # fmt: skip
    for n in (50, 300):
        for method in ("bca", "percentile"):
            how = Resampling(method="bca" if method == "bca" else "percentile")
            rng, hits = np.random.default_rng(n), dict.fromkeys(truths, 0)
            for _ in range(replicates):
                reference = rng.normal(0, 5, n)
                measured = reference + rng.normal(0, 2, n)
                errors, correlations = (
                    accuracy_statistics(measured, reference),
                    correlation_statistics(measured, reference),
                )
                found = bootstrap_counts(lambda c, e=errors, r=correlations: {**e(c), **r(c)}, n, resampling=how)  # type: ignore[misc]
                for name, truth in truths.items():
                    hits[name] += found[name].low <= truth <= found[name].high
            for name, count in hits.items():
                yield f"{name}, {method}", n, replicates, LEVEL, count / replicates


def coverage_kappa(replicates: int = 2000) -> Iterator[Row]:
    """Two readers of one normal trait, in four categories; the truth is that of ten million studies."""
    edges = (-1.0, 0.0, 1.0)

    def counts(rng: np.random.Generator, n: int) -> np.ndarray:
        trait = rng.normal(size=n)
        one, other = (categorise(trait + rng.normal(0, 0.5, n), edges) for _ in range(2))
        return count_confusion(one, other, 4)

    whole = sum(counts(np.random.default_rng(seed), 1_000_000) for seed in range(10))
    for n in (60, 400):
        for weights in ("unweighted", "linear", "quadratic"):
            kind: Weights = "linear" if weights == "linear" else "quadratic" if weights == "quadratic" else "unweighted"
            truth = kappa(np.asarray(whole), kind).value

            def draw(rng: np.random.Generator, n: int = n, kind: Weights = kind) -> Estimate:
                return kappa(counts(rng, n), kind)

            yield f"kappa, {weights}", n, replicates, LEVEL, reached(draw, truth, replicates)


def coverage_others(replicates: int = 4000) -> Iterator[Row]:
    """Shares, within-patient SD and differences of means."""
    for n, share in ((30, 0.1), (200, 0.03), (200, 0.5)):

        def draw_share(rng: np.random.Generator, n: int = n, share: float = share) -> Estimate:
            return wilson(int(rng.binomial(n, share)), n)

        yield f"Wilson, share {share:g}", n, replicates, LEVEL, reached(draw_share, share, replicates)

    def draw_sd(rng: np.random.Generator) -> Estimate:
        return repeatability(rng.normal(50, 10, (25, 1)) + rng.normal(0, 3, (25, 2))).within_sd

    yield "within-patient SD", 25, replicates, LEVEL, reached(draw_sd, 3.0, replicates)

    for n in (15, 100):

        def draw_size(rng: np.random.Generator, n: int = n) -> Estimate:
            return size_with_interval(np.abs(rng.normal(0, 2, n)))

        yield "MAE of a group, log scale", n, replicates, LEVEL, reached(draw_size, 2 * np.sqrt(2 / np.pi), replicates)

    def draw_difference(rng: np.random.Generator) -> Estimate:
        return difference_of_means(rng.normal(1, 3, 20), rng.normal(0, 1, 40))

    yield "difference of means (Welch)", 60, replicates, LEVEL, reached(draw_difference, 1.0, replicates)


def main() -> None:
    """Print every row."""
    parts = (
        coverage_icc,
        coverage_icc_generalised,
        coverage_bland_altman,
        coverage_correlation,
        coverage_kappa,
        coverage_others,
        coverage_bootstrap,
    )
    for part in parts:
        for name, n, replicates, nominal, share in part():
            print(f"| {name} | {n} | {replicates} | {nominal:.0%} | {share:.1%} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
