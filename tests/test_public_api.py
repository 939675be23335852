"""The public surface: what `import vascal` offers, and how little it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import vascal


def test_every_public_name_can_be_loaded() -> None:
    for name in vascal.__all__:
        assert getattr(vascal, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'agatson'"):
        vascal.agatson  # noqa: B018


def test_importing_vascal_loads_no_heavy_package() -> None:
    code = "import sys, vascal; print(sorted({'numpy', 'scipy', 'pydicom', 'matplotlib', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_base_needs_no_torch_and_no_gpl_codec() -> None:
    from importlib.metadata import requires

    runtime = [line for line in requires("vascal") or [] if "extra ==" not in line]
    names = {line.split(">")[0].split("=")[0].split("<")[0].strip() for line in runtime}
    assert not names & {"torch", "pylibjpeg-libjpeg", "connected-components-3d"}
