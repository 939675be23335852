"""Are differences larger than those of scanning the same patient twice?"""

from __future__ import annotations

from collections.abc import Mapping

from vascal.evaluate.cohort import Cohort
from vascal.evaluate.estimate import Values
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.repeatability import beyond_repeat_limit, interscan_variability
from vascal.evaluate.result import Cell, Column, ResultTable, Section
from vascal.evaluate.sections.agreement import SET, STUDIES


def evaluate_repeat_limit(
    sets: Mapping[str, Cohort], limits: Mapping[str, Values], plan: AnalysisPlan, *, assumed: str = ""
) -> Section:
    """Compare differences with what repeated scanning explains.

    Parameters
    ----------
    limits
        Upper 95 % limit of the difference of two scans, for each study of each set.
    assumed
        What had to be assumed for the limits, in words.
    """
    rows: list[tuple[Cell, ...]] = []
    for name, cohort in sets.items():
        has_calcium = int(((cohort.predicted + cohort.reference) > 0).sum())
        relative = None
        if has_calcium >= 3:
            relative = interscan_variability(
                cohort.predicted, cohort.reference, resampling=plan.resampling, level=plan.level
            )
        beyond = beyond_repeat_limit(cohort.predicted, cohort.reference, limits[name], level=plan.level)
        rows.append((name, len(cohort), beyond, has_calcium, relative))
    return Section(
        key="repeat",
        title="Against the variation of repeated scans",
        tables=(
            ResultTable(
                key="repeat",
                title="Differences beyond those of repeated scans",
                columns=(
                    SET,
                    STUDIES,
                    Column(key="beyond", title="Beyond the repeat limit", style="share"),
                    Column(key="with_calcium", title="With calcium", style="count"),
                    Column(key="relative_difference", title="Mean relative difference, %"),
                ),
                rows=tuple(rows),
                note="About 5 % of repeated scans of one patient lie beyond the limit. Relative difference: "
                "|measured - reference| over their mean, of studies with calcium in either; repeated scans reach "
                f"about 12 %. {assumed}".strip(),
            ),
        ),
        methods=(
            "Differences were compared with the upper 95 % limit of the difference between two scans of one patient "
            "in the Multi-Ethnic Study of Atherosclerosis [chung2008].",
        ),
    )
