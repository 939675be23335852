"""Nothing copyleft and nothing unknown comes along at run time, and the bill of materials says what does."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from importlib import resources
from importlib.metadata import Distribution, PackageNotFoundError, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if not os.environ.get("VASCAL_REQUIRE_TOOLS"):
    pytest.importorskip("cyclonedx", reason="the bill of materials needs cyclonedx-python-lib")

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tools.licences import (
    NATIVE,
    UNKNOWN,
    Part,
    as_csv,
    as_markdown,
    find_faults,
    follow,
    is_permissive,
    is_spdx,
    licence_of,
    list_parts,
    read_requirements,
    recognise,
)
from tools.sbom import make_bom


def _absent() -> list[str]:
    missing = []
    for lines in read_requirements().values():
        for one in lines:
            try:
                if one.marker is None or one.marker.evaluate({"extra": ""}):
                    distribution(one.name)
            except PackageNotFoundError:
                missing.append(one.name)
    return missing


@pytest.fixture(scope="module")
def parts() -> tuple[Part, ...]:
    if missing := _absent():
        (pytest.fail if os.environ.get("VASCAL_REQUIRE_TOOLS") else pytest.skip)(
            f"not all extras are installed: {', '.join(missing)}"
        )
    return list_parts()


@pytest.fixture(scope="module")
def bom(parts: tuple[Part, ...]) -> str:
    return make_bom(parts)


def test_no_licence_is_copyleft_or_unknown(parts: tuple[Part, ...]) -> None:
    assert find_faults(parts) == ()


def test_tools_of_developers_are_not_listed(parts: tuple[Part, ...]) -> None:
    names = {part.name for part in parts}
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "cyclonedx-python-lib", "lifelines", "scikit-survival"}
    assert {"numpy", "pydicom", "torch", "matplotlib"} <= names


def test_every_part_says_where_it_comes_from(parts: tuple[Part, ...]) -> None:
    assert all(part.licence and part.url and part.comes_with for part in parts)
    assert all(part.version for part in parts if part.kind != "library")


def test_weights_are_listed_with_the_hash_of_their_file(parts: tuple[Part, ...]) -> None:
    models = {part.name: part for part in parts if part.kind == "model"}
    folder = resources.files("vascal.models.weights")
    assert models
    for name, model in models.items():
        assert model.sha256 == hashlib.sha256((folder / f"{name}.onnx").read_bytes()).hexdigest()


def test_the_lists_hold_a_line_for_each_part(parts: tuple[Part, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(parts))))
    assert [row["name"] for row in rows] == [part.name for part in parts]
    assert len(as_markdown(parts).splitlines()) == len(parts) + 2


def test_the_bill_is_valid_and_names_models_with_their_hashes(parts: tuple[Part, ...], bom: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bom) is None
    content = json.loads(bom)
    models = {one["name"]: one for one in content["components"] if one["type"] == "machine-learning-model"}
    assert models.keys() == {part.name for part in parts if part.kind == "model"}
    assert all(one["hashes"][0]["alg"] == "SHA-256" for one in models.values())
    assert content["metadata"]["component"]["name"] == "vascal"


def test_the_same_install_gives_the_same_bill(parts: tuple[Part, ...], bom: str) -> None:
    assert make_bom(reversed(parts)) == bom
    assert "timestamp" not in bom


def test_every_dependency_of_the_bill_is_one_of_its_components(bom: str) -> None:
    content = json.loads(bom)
    references = {one["bom-ref"] for one in content["components"]} | {"vascal"}
    assert len(references) == len(content["components"]) + 1
    for line in content["dependencies"]:
        assert {line["ref"], *line.get("dependsOn", ())} <= references


def test_copyleft_without_a_reason_is_a_fault() -> None:
    fault = Part(name="a", version="1", licence="GPL-3.0-only", comes_with=("base",))
    excused = Part(name="b", version="1", licence="LGPL-2.1-or-later", comes_with=("base",), reason="because")
    unknown = Part(name="c", version="1", licence=UNKNOWN, comes_with=("pdf", "train"))
    assert find_faults([fault, excused, unknown]) == ("a 1 (base): GPL-3.0-only", "c 1 (pdf, train): unknown")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-2.0-only) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),  # accepted for named libraries only
        ("AGPL-3.0-only", False),
        ("LGPL-3.0-or-later", False),
        ("MPL-2.0", False),
        (UNKNOWN, False),
    ],
)
def test_what_is_permissive(expression: str, expected: bool) -> None:
    assert is_permissive(expression) is expected


def package(folder: Path, header: str, text: str = "") -> Distribution:
    """An installed package that says so much of its licence."""
    place = folder / "made_up-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n{header}\n")
    (place / "LICENSE").write_text(text)
    (place / "RECORD").write_text("made_up-1.0.dist-info/METADATA,,\nmade_up-1.0.dist-info/LICENSE,,\n")
    return PathDistribution(place)


BSD = "Redistribution and use in source and binary forms, with or without modification"
MIT = 'Permission is hereby granted, free of charge, to any person ... THE SOFTWARE IS PROVIDED "AS IS", WITHOUT'


@pytest.mark.parametrize(
    ("header", "text", "expected"),
    [
        ("License-Expression: MIT OR Apache-2.0", "", "MIT OR Apache-2.0"),
        ("License: Apache License 2.0", "", "Apache-2.0"),
        ("License: MIT License  Copyright (c) 2022", MIT, "MIT"),
        ("Classifier: License :: OSI Approved :: MIT License", "", "MIT"),
        ("Classifier: License :: OSI Approved :: BSD License", BSD, "BSD-2-Clause"),
        ("License: GPLv3", MIT, UNKNOWN),
        ("License: GPL-3.0-only", "", "GPL-3.0-only"),
        ("Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)", MIT, UNKNOWN),
        ("License: ask me", "Ask me.", UNKNOWN),
        ("", "", UNKNOWN),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_what_a_package_says_or_ships(
    tmp_path: Path, header: str, text: str, expected: str
) -> None:
    assert licence_of(package(tmp_path, header, text)) == expected


def test_texts_of_usual_licences_are_told_apart() -> None:
    assert recognise("Apache License\n  Version 2.0, January 2004") == "Apache-2.0"
    assert recognise(BSD) == "BSD-2-Clause"
    assert recognise(f"{BSD} ... Neither the name of the copyright holder") == "BSD-3-Clause"
    assert recognise("GNU GENERAL PUBLIC LICENSE Version 3") == ""


def test_extras_of_a_requirement_are_followed_and_other_systems_left_out() -> None:
    asked = {"base": (Requirement("jinja2"),), "other": (Requirement("nothing; platform_system == 'None'"),)}
    assert follow(asked) == {"jinja2": ("base",), "markupsafe": ("base",)}


def test_a_package_that_is_not_installed_is_an_end_in_plain_words() -> None:
    with pytest.raises(SystemExit, match="no-such-package is not installed"):
        follow({"base": (Requirement("no-such-package"),)})


def test_licences_of_native_libraries_are_spdx_and_copyleft_has_a_reason() -> None:
    with NATIVE.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["library"] for row in rows] == sorted(row["library"] for row in rows)
    for row in rows:
        assert is_spdx(row["licence"]) or row["licence"].startswith("LicenseRef-"), row
        assert bool(row["reason"]) != is_permissive(row["licence"]), row
