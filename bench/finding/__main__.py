"""Measure a finder on the held-out set and print the figures with their intervals.

python -m bench.finding [--finder rules] [--model FOLDER] [--count N] [--groups gated zero] [--out rows.json]
    [--development]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from bench.finding.cases import DEVELOPMENT_SEED, FIRST_SEED, GROUPS, list_cases
from bench.finding.figures import show
from bench.finding.measure import Row, measure
from vascal.models.finder import DEFAULT_FINDER, choose_finder


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--finder", default=DEFAULT_FINDER)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--count", type=int)
    parser.add_argument("--groups", nargs="+", default=list(GROUPS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--development", action="store_true", help="other scans, that may be looked at while building")
    chosen = parser.parse_args()
    finder = choose_finder(chosen.finder, chosen.model)
    first_seed = DEVELOPMENT_SEED if chosen.development else FIRST_SEED
    rows: list[Row] = []
    for group in chosen.groups:
        for case in list_cases(group, chosen.count, first_seed=first_seed):
            rows.append(measure(case, finder))
            row = rows[-1]
            print(
                f"{row.group} {row.protocol} {row.seed}: Dice {row.heart_dice:.3f}, "
                f"{row.found:.0f} found, {row.true:.0f} true, {row.seconds:.1f} s",
                flush=True,
            )
    if chosen.out:
        chosen.out.write_text(json.dumps([asdict(row) for row in rows], indent=0))
    print("\n" + show(rows))


if __name__ == "__main__":
    main()
