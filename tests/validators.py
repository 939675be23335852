"""Judges of DICOM objects that are not ours: dicom3tools, dcmtk and PixelMed.

A missing tool skips the test and says which package brings it; where
VASCAL_REQUIRE_TOOLS is set it fails. A line that a tool calls an error fails,
a warning does not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pydicom
import pytest

PIXELMED = Path("/usr/share/java/pixelmed.jar")
REPORT_CLASSES = ("1.2.840.10008.5.1.4.1.1.88.",)
"""SOP classes of structured reports, among them Key Object Selection, begin so."""
XPATH_LIMITS = [f"-Djdk.xml.xpath{limit}Limit=0" for limit in ("TotalOp", "ExprOp", "ExprGrp")]
"""PixelMed's rules are longer than the limits that newer Java sets (JAXP0801003)."""


def require_valid(*paths: Path) -> None:
    """Demand that each object follows its IOD, and that a report's tree can be read.

    dciodvfy on every file; dsrdump besides on structured reports and key objects.
    """
    for path in paths:
        _require_no_errors("dciodvfy", "dicom3tools", path)
        if is_report(path):
            said = _run("dsrdump", "dcmtk", path)
            assert said.returncode == 0, said.stderr
            assert not _lines(said, ("E:", "F:"))


def require_consistent(*paths: Path) -> None:
    """Demand that objects of one study agree on patient, study and equipment (dcentvfy)."""
    _require_no_errors("dcentvfy", "dicom3tools", *paths)


def require_template(path: Path) -> list[str]:
    """Demand that a report keeps to its template and context groups; takes a quarter of a minute a file.

    Returns
    -------
    list of str
        Warnings, for whoever wants to hold them too.
    """
    if not PIXELMED.is_file():
        _miss("PixelMed's validator", "libpixelmed-java")
    jars = [PIXELMED, *PIXELMED.parent.glob("commons*.jar"), *PIXELMED.parent.glob("hsqldb*.jar")]
    options = ["-Xmx4g", "-Xss64m", *XPATH_LIMITS, "-cp", os.pathsep.join(map(str, jars))]
    said = _run("java", "default-jre-headless", *options, "com.pixelmed.validate.DicomSRValidator", path)
    everything = said.stdout + said.stderr
    assert "IOD validation complete" in everything, everything
    assert not _lines(said, ("Error",)), "\n".join(_lines(said, ("Error",)))
    return _lines(said, ("Warning",))


def is_report(path: Path) -> bool:
    """Tell structured reports and key object selections from everything else."""
    return str(pydicom.dcmread(path, stop_before_pixels=True).SOPClassUID).startswith(REPORT_CLASSES)


def _require_no_errors(tool: str, package: str, *arguments: Path) -> None:
    said = _run(tool, package, *arguments)
    assert not _lines(said, ("Error",)), "\n".join(_lines(said, ("Error",)))


def _run(tool: str, package: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = shutil.which(tool)
    if command is None:
        _miss(tool, package)
    return subprocess.run(
        [command or tool, *map(str, arguments)], capture_output=True, encoding="utf-8", errors="replace", check=False
    )


def _miss(tool: str, package: str) -> None:
    if os.environ.get("VASCAL_REQUIRE_TOOLS"):
        pytest.fail(f"{tool} is needed here and is not installed (Debian: {package})")
    pytest.skip(f"{tool} (Debian: {package}) is not installed")


def _lines(said: subprocess.CompletedProcess[str], starts: tuple[str, ...]) -> list[str]:
    return [line for line in (said.stdout + said.stderr).splitlines() if line.startswith(starts)]
