"""The embedded finder, as it ships."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib import resources

import numpy as np
import pytest

from tests.models.truth import gated
from vascal.anatomy.thorax import ThoraxRules
from vascal.calcium.finding import find_calcium, judge_by_rules
from vascal.calcium.rule import AGATSTON_1990
from vascal.models.finder import choose_finder, name_models
from vascal.models.runtime import read_manifest
from vascal.models.saliency import find_saliency

MOST_MB = 25


def test_rules_are_a_finder_without_networks() -> None:
    rules = choose_finder("rules")
    assert isinstance(rules.segmenter, ThoraxRules)
    assert rules.judge is judge_by_rules
    assert rules.models == ()


def test_the_embedded_weights_are_those_of_the_manifest_have_cards_and_are_small() -> None:
    folder = resources.files("vascal.models.weights")
    total = 0
    for name, entry in read_manifest().items():
        content = (folder / entry.file).read_bytes()
        total += len(content)
        assert hashlib.sha256(content).hexdigest() == entry.sha256
        card = (folder / f"{name}.md").read_text(encoding="utf-8")
        assert entry.sha256 in card
        assert "imulated" in card
    assert set(read_manifest()) == {"anatomy", "courses", "lesions", "film-map", "film-walls"}
    assert total < MOST_MB * 1e6
    assert len(name_models()) == 3


def test_the_embedded_finder_finds_heart_and_calcium_of_a_simulated_patient() -> None:
    _, scan = gated()
    finder = choose_finder("learned")
    anatomy = finder.segmenter.find_anatomy(scan.volume)
    heart, true = anatomy.structures.mask("heart"), scan.structures.mask("heart")
    assert 2 * np.count_nonzero(heart & true) / (np.count_nonzero(heart) + np.count_nonzero(true)) > 0.88
    finding = find_calcium(scan.volume, anatomy, AGATSTON_1990, finder.judge)
    vessels = scan.vessels.labels.reshape(-1)
    largest = max(finding.lesions, key=lambda lesion: lesion.index.size)
    assert np.mean(vessels[largest.index] > 0) > 0.5
    assert all(0.5 <= (lesion.confidence or 0) <= 1 for lesion in finding.lesions)
    explained = find_saliency(scan.volume, anatomy, [r.candidate for r in finding.rejected[:2]])
    assert all(one.heat.min() >= 0 and one.heat.max() <= 1 for one in explained)


@pytest.mark.parametrize("module", ["torch", "monai", "onnx", "safetensors"])
def test_the_finder_needs_no_training_library(module: str) -> None:
    code = f"import sys; import vascal.models.finder as f; f.name_models(); sys.exit('{module}' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
