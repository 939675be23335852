"""The tables of the five-centre AAC-24 study come out of one command, on simulated readings."""

import csv
import shlex
from pathlib import Path

from bench.aac_study import COMMAND, SETS, write_study
from typer.testing import CliRunner

from vascal.cli.main import app


def test_accuracy_agreement_classes_and_outcomes_come_out_of_one_command(tmp_path: Path) -> None:
    write_study(tmp_path)
    words = shlex.split(COMMAND.format(folder=tmp_path.as_posix()))[1:]
    result = CliRunner().invoke(app, [*words, "--resamples", "100", "--interval", "percentile"])
    assert result.exit_code == 0, result.output
    with (tmp_path / "report" / "numbers.csv").open() as file:
        numbers = {(row["table"], row["row"], row["statistic"]): row for row in csv.DictReader(file)}
    for name, counts in SETS.items():
        for statistic in ("mae", "mse", "r2", "within_tolerance"):
            found = numbers["accuracy", name, statistic]
            assert float(found["low"]) < float(found["value"]) < float(found["high"])
        assert ("correlation", name, "spearman") in numbers
        for pair in ("reader1 and reader2", "reader1 and measured"):
            assert float(numbers["readers", f"{name}, {pair}", "icc"]["value"]) > 0.85
            assert 0.5 < float(numbers["readers", f"{name}, {pair}", "kappa"]["value"]) < 1
        for category, count in zip(("0-4", "5-15", "16-24"), counts, strict=True):
            assert int(numbers["classes", f"{name}, {category}", "n"]["value"]) == count
            for statistic in ("accuracy", "sensitivity", "specificity", "npv", "ppv"):
                assert 0.4 < float(numbers["classes", f"{name}, {category}", statistic]["value"]) <= 1
    assert [int(numbers["outcome_groups", f"dialysis {word}", "n"]["value"][:3]) for word in ("no", "yes")] == [
        100,
        100,
    ]
    assert float(numbers["outcome_ratios", "Risk ratio", "e_value"]["value"]) >= 1
