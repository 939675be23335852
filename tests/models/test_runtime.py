"""Weights are checked before they are run; a folder's take the place of embedded ones."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vascal.errors import ModelError
from vascal.models.runtime import load_network, open_session, read_manifest, read_weights

# A network of one addition, x + x, written with onnx.helper; so that these tests need no torch.
DOUBLE = bytes.fromhex(
    "080812003a390a0e0a01780a01781201792203416464120574776963655a0f0a0178120a0a08080112040a020801620f0a0179120a0a080801"
    "12040a02080142040a00100d"
)


def write_model(folder: Path, weights: bytes = DOUBLE, **changes: object) -> Path:
    (folder / "double.onnx").write_bytes(weights)
    row = {"file": "double.onnx", "sha256": hashlib.sha256(weights).hexdigest(), "version": 3, "settings": {"t": 1.5}}
    (folder / "manifest.json").write_text(json.dumps({"models": {"double": {**row, **changes}}}))
    return folder


def test_a_folder_is_read_and_run(tmp_path: Path) -> None:
    network = load_network("double", write_model(tmp_path))
    (found,) = network.run(x=np.array([2.5], dtype=np.float32))
    assert found.tolist() == [5.0]
    assert network.entry.settings["t"] == 1.5
    assert network.entry.label == f"double-3-{hashlib.sha256(DOUBLE).hexdigest()[:8]}"


def test_a_network_is_loaded_once(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    assert load_network("double", folder) is load_network("double", folder)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "double.onnx").write_bytes(DOUBLE + b"\0")
    with pytest.raises(ModelError, match=r"have SHA-256 .* the manifest asks for"):
        load_network("double", tmp_path)


def test_missing_weights_are_told(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "double.onnx").unlink()
    with pytest.raises(ModelError, match=r"double.onnx are missing; give a folder that vascal train has finished"):
        load_network("double", tmp_path)


def test_a_name_that_nothing_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, embedded = tmp_path / "own", tmp_path / "embedded"
    for folder in (own, embedded):
        folder.mkdir()
        write_model(folder)
    monkeypatch.setattr("vascal.models.runtime.resources.files", lambda _: embedded)
    with pytest.raises(ModelError, match="no model is called 'spleen'; there are double"):
        load_network("spleen", own)


def test_what_a_folder_lacks_is_taken_from_the_embedded_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, embedded = tmp_path / "own", tmp_path / "embedded"
    own.mkdir()
    embedded.mkdir()
    (own / "manifest.json").write_text('{"models": {}}')
    write_model(embedded)
    monkeypatch.setattr("vascal.models.runtime.resources.files", lambda _: embedded)
    assert read_weights("double", own)[1] == DOUBLE


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"models": {"a": {"file": "a"}}}', '{"models": 3}'])
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=r"manifest.json of the models can not be read"):
        read_manifest(tmp_path)


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="give a folder that vascal train has finished"):
        read_manifest(tmp_path)


def test_bytes_that_are_no_network_are_refused() -> None:
    with pytest.raises(ModelError, match="no ONNX network"):
        open_session(b"not a network")


@pytest.mark.parametrize(
    "module", ["vascal", "vascal.cli.main", "vascal.cli.score", "vascal.pipeline", "vascal.models.lesion_net"]
)
def test_nothing_but_training_imports_torch(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'torch', 'monai', 'onnx', 'safetensors'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
