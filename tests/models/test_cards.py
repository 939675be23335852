"""Every committed network has a card that is shipped with it and speaks of the same file."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

from vascal.errors import ModelError
from vascal.models.cards import card_path, read_card
from vascal.models.runtime import WEIGHTS, read_manifest, read_weights

NAMES = sorted(read_manifest())


@pytest.mark.parametrize("name", NAMES)
def test_a_card_quotes_version_and_hash_of_its_weights(name: str) -> None:
    entry, _ = read_weights(name)  # refuses weights with another hash than the manifest's
    text = read_card(name)
    assert f"# Model card: {name}, version {entry.version}" in text
    assert entry.sha256 in text


@pytest.mark.parametrize("name", NAMES)
def test_a_card_tells_data_limits_and_that_it_is_no_medical_device(name: str) -> None:
    text = read_card(name).lower()
    assert "| data |" in text
    assert "## limits" in text
    assert "medical device" in text


def test_no_file_of_weights_lacks_a_line_of_the_manifest_or_a_card() -> None:
    files = {one.name for one in resources.files(WEIGHTS).iterdir()}
    assert {name.removesuffix(".onnx") for name in files if name.endswith(".onnx")} == set(NAMES)
    assert {name.removesuffix(".md") for name in files if name.endswith(".md")} == set(NAMES)


def test_the_wheel_takes_the_whole_package_so_that_cards_are_in_it() -> None:
    wheel = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert wheel["targets"]["wheel"] == {"packages": ["src/vascal"]}


def test_a_model_without_a_card_is_refused() -> None:
    with pytest.raises(ModelError, match="no card"):
        card_path("unicorn")
