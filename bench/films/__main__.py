"""Read held-out simulated films and print the figures with their intervals.

python -m bench.films [--set same|shifted|development] [--count 1000] [--jobs 2] [--model FOLDER]
    [--recipe FOLDER] [--out rows.json]
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench.films.figures import show
from bench.films.measure import FIRST_SEED, Row, measure
from bench.films.published import read_total


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", choices=list(FIRST_SEED), default="same")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--recipe", type=Path, help="folder of a trained film-totals network, measured beside ours")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    first = FIRST_SEED[chosen.set]
    others = {} if chosen.recipe is None else {"recipe": partial(read_total, folder=chosen.recipe)}
    one = partial(measure, shifted=chosen.set == "shifted", model=chosen.model, others=others)
    rows: list[Row] = []
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for row in pool.map(one, range(first, first + chosen.count), chunksize=4):
            rows.append(row)
            said = row.refusal or f"{sum(row.found)} for {sum(row.visible)}"
            print(f"{row.seed} {row.style}: {said}", flush=True)
            if chosen.out and len(rows) % 50 == 0:
                chosen.out.write_text(json.dumps([asdict(row) for row in rows]))
    if chosen.out:
        chosen.out.write_text(json.dumps([asdict(row) for row in rows]))
    for name in ("vascal", *others):
        print("\n" + show(rows, name))


if __name__ == "__main__":
    main()
