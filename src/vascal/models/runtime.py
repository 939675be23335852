"""Networks in ONNX Runtime: the only file that knows it. Weights are checked before they are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from vascal.errors import ModelError

WEIGHTS = "vascal.models.weights"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One line of the manifest.

    Parameters
    ----------
    name
        What it finds: ``anatomy``, ``courses`` or ``lesions``.
    file
        File name beside the manifest.
    sha256
        Of the file.
    version
        Grows with each training that is shipped.
    settings
        Numbers that belong to the weights: temperatures, class names, thresholds.
    """

    name: str
    file: str
    sha256: str
    version: int
    settings: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Name, version and the start of the hash, as results quote it."""
        return f"{self.name}-{self.version}-{self.sha256[:8]}"


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network that is ready to run.

    Parameters
    ----------
    entry
        Where it came from.
    session
        ONNX Runtime's.
    """

    entry: ModelEntry
    session: Any

    def run(self, **inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Give all outputs for named inputs."""
        return tuple(self.session.run(None, inputs))


def read_manifest(folder: Path | None = None) -> Mapping[str, ModelEntry]:
    """Read what models a folder holds; the embedded ones unless given.

    Raises
    ------
    ModelError
        If the manifest is missing or damaged.
    """
    try:
        text = ((folder or resources.files(WEIGHTS)) / MANIFEST).read_text(encoding="utf-8")
        rows = json.loads(text)["models"]
        return {name: ModelEntry(name=name, **row) for name, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{MANIFEST} of the models can not be read ({type(error).__name__}); {_remedy(folder)}"
        ) from error


def load_network(name: str, folder: Path | None = None) -> Network:
    """Load a network and check that its weights are the ones its manifest names.

    Parameters
    ----------
    name
        A key of the manifest.
    folder
        With a manifest and weights that take the place of embedded ones of the same
        name; the embedded ones unless given. Each is loaded once a process.

    Raises
    ------
    ModelError
        If the weights are missing, or not what the manifest says.
    """
    return _load(name, folder)


def read_weights(name: str, folder: Path | None = None) -> tuple[ModelEntry, bytes]:
    """Read a model's line of the manifest and its ONNX file; arguments and errors as for `load_network`."""
    known = read_manifest(folder)
    if name not in known and folder is not None:
        return read_weights(name)
    if name not in known:
        raise ModelError(f"no model is called {name!r}; there are {', '.join(known) or 'none'}")
    entry = known[name]
    try:
        weights = ((folder or resources.files(WEIGHTS)) / entry.file).read_bytes()
    except OSError as error:
        raise ModelError(f"the weights {entry.file} are missing; {_remedy(folder)}") from error
    found = hashlib.sha256(weights).hexdigest()
    if found != entry.sha256:
        raise ModelError(
            f"the weights {entry.file} have SHA-256 {found[:16]}...; the manifest asks for {entry.sha256[:16]}..."
        )
    return entry, weights


def _remedy(folder: Path | None) -> str:
    return "reinstall vascal" if folder is None else "give a folder that vascal train has finished"


@lru_cache(maxsize=8)
def _load(name: str, folder: Path | None) -> Network:
    entry, weights = read_weights(name, folder)
    return Network(entry, open_session(weights))


def open_session(weights: bytes) -> Any:
    """Make a network of the content of an ONNX file ready to run on the CPU.

    Raises
    ------
    ModelError
        If it is no network that this ONNX Runtime knows.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Arenas keep the largest scan's memory for good; scans differ in size. A plan of all memory at once only pays in an
    # arena: without one it holds about 100 MB more at the peak.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # (ONNX Runtime's errors share no base class)
        raise ModelError(f"the weights are no ONNX network that can be run ({type(error).__name__})") from error
