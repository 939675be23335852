"""The tables of a five-centre AAC-24 study, rebuilt in form on simulated readings by one command.

Shao et al., Front Cardiovasc Med 2025;12:1647882, doi:10.3389/fcvm.2025.1647882, give the design: an
internal and an external test set of 471 and 733 films with their classes, two readers, a model, and 200
people, half of them on dialysis, followed for five years. Everybody here is simulated: the numbers say
nothing about that study's model, only that its tables come out of `vascal evaluate`.

    python -m bench.aac_study DIR      writes DIR/predicted.csv and DIR/reference.csv, and says the command
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vascal.evaluate.matching import sample_balanced

SETS = {"internal": (116, 292, 63), "external": (246, 406, 81)}
"""Films of each class (0-4, 5-15, 16-24) in the published test sets."""
CLASSES = ((0, 4), (5, 15), (16, 24))
COMMAND = (
    "vascal evaluate {folder}/predicted.csv {folder}/reference.csv --out {folder}/report --kind aac "
    "--reader reader1 --reader reader2 --set set --subgroup sex --subgroup age:60,70 --site centre "
    "--time years --event event --group dialysis --covariate age --covariate sex"
)


def draw_study(seed: int = 0) -> Iterator[dict[str, Any]]:
    """Draw films, readings and, for 200 people chosen by stratified sampling, five years of follow-up."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([_draw_scores(rng, counts) for counts in SETS.values()])
    n = len(truth)
    sets = np.repeat(list(SETS), [sum(counts) for counts in SETS.values()])
    # A regression model pulls the ends of the scale towards its middle.
    predicted = np.clip(1.3 + 0.82 * truth + rng.normal(0, np.where(sets == "internal", 1.95, 2.2), n), 0, 24)
    readers = [np.clip(np.round(truth + rng.normal(0, spread, n)), 0, 24) for spread in (0.75, 0.85)]
    age, sex = np.round(np.clip(rng.normal(66, 10, n), 30, 92)), rng.choice(["F", "M"], n)
    dialysis = rng.uniform(size=n) < 0.3
    followed = _choose(dialysis, age, sex, predicted, seed)
    years, event = _follow(rng, predicted, age, dialysis)
    for place in range(n):
        is_in = place in followed
        yield {
            "study": f"film{place:04d}", "predicted": round(float(predicted[place]), 2), "aac24": int(truth[place]),
            "reader1": int(readers[0][place]), "reader2": int(readers[1][place]), "set": sets[place],
            "centre": "ABCDE"[place % 5], "age": int(age[place]), "sex": sex[place],
            "dialysis": "yes" if dialysis[place] else "no",
            "years": round(float(years[place]), 2) if is_in else "", "event": int(event[place]) if is_in else "",
        }  # fmt: skip


def _draw_scores(rng: np.random.Generator, counts: tuple[int, ...]) -> np.ndarray:
    """Scores of a set: within a class, fewer towards its upper end."""
    parts = []
    for (low, high), count in zip(CLASSES, counts, strict=True):
        parts.append(low + np.floor((high - low + 1) * rng.beta(1.0, 1.5, count)))
    return rng.permutation(np.concatenate(parts))


def _choose(dialysis: np.ndarray, age: np.ndarray, sex: np.ndarray, score: np.ndarray, seed: int) -> set[int]:
    """Choose 100 people with and 100 without dialysis, alike in age and sex, all with calcification."""
    stratum = np.array([f"{int(years) // 15} {word}" for years, word in zip(age, sex, strict=True)])
    positive = np.flatnonzero(score >= 1)
    group = np.where(dialysis, "dialysis", "none")
    return set(positive[sample_balanced(group[positive], stratum[positive], 100, seed=seed)].tolist())


def _follow(
    rng: np.random.Generator, score: np.ndarray, age: np.ndarray, dialysis: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Events at about 15 % of those on dialysis and 7 % of the others in five years; a few are lost."""
    hazard = 0.0125 * np.exp(0.85 * dialysis + 0.04 * (score - 8) + 0.02 * (age - 66))
    years = rng.exponential(1 / hazard)
    lost = np.where(rng.uniform(size=len(score)) < 0.06, rng.uniform(1, 5, len(score)), 5.0)
    return np.minimum(years, lost), years <= lost


def write_study(folder: Path, seed: int = 0) -> None:
    """Write predicted.csv and reference.csv."""
    rows = list(draw_study(seed))
    folder.mkdir(parents=True, exist_ok=True)
    reference = [name for name in rows[0] if name != "predicted"]
    with (folder / "predicted.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["study", "aac24"])
        writer.writerows([row["study"], row["predicted"]] for row in rows)
    with (folder / "reference.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, reference, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    """Write the study to the folder that the command line names."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "aac-study")
    write_study(folder)
    print(COMMAND.format(folder=folder))


if __name__ == "__main__":
    main()
