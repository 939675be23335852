"""`vascal models` says what networks come along, and prints their cards."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from vascal.cli.models import models
from vascal.models.runtime import read_manifest


def run(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(models)
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_every_model_is_listed_with_its_hash_and_card() -> None:
    code, said = run()
    assert code == 0
    for name, entry in read_manifest().items():
        assert f"{name}, version {entry.version}" in said
        assert entry.sha256 in said
        assert f"{name}.md" in said


def test_a_card_is_printed_as_it_is() -> None:
    code, said = run("anatomy")
    assert code == 0
    assert said.startswith("# Model card: anatomy")


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    code, said = run("unicorn")
    assert code == 2
    assert "anatomy" in said
