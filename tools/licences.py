"""List the licence of everything that comes with vascal at run time, and refuse copyleft and what is unknown.

What is installed is followed from pyproject.toml: the base and all extras, never the groups for development. Each
wheel is also searched for shared libraries that it brings along, whose licences stand in native-libraries.csv.
Weights of networks are listed with their SHA-256.

    python -m tools.licences [--csv dist/licences.csv] [--markdown FILE]
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from license_expression import (  # type: ignore[import-untyped]
    AND,
    OR,
    LicenseExpression,
    Licensing,
    get_spdx_licensing,
)
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from vascal.models.runtime import read_manifest

ROOT = Path(__file__).parents[1]
NATIVE = Path(__file__).with_name("native-libraries.csv")
OWN_LICENCE = "Apache-2.0"
UNKNOWN = "unknown"

PERMISSIVE = frozenset({
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "BSD-Attribution-HPND-disclaimer", "FTL", "HPND", "ICU", "IJG", "ISC", "MIT", "MIT-CMU", "MIT-open-group",
    "OLDAP-2.8", "OpenSSL", "PSF-2.0", "Python-2.0", "Unicode-3.0", "Unlicense", "X11", "Zlib", "bzip2-1.0.6", "curl",
    "libpng-2.0", "libtiff", "LicenseRef-matplotlib", "LicenseRef-public-domain", "LicenseRef-socketxx",
})  # fmt: skip
"""SPDX identifiers that ask for no more than a notice. LicenseRef-socketxx: keep the notice, no warranty."""
ACCEPTED: dict[str, str] = {}
"""Python packages of another licence, and why they may come along; none so far."""
READ = {"fhir-core": "BSD-3-Clause", "fhir-resources": "BSD-3-Clause"}
"""Licences that were read in the source distribution or repository, since the wheel says only "BSD" and has no text."""
SPELLINGS = {
    "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache software license": "Apache-2.0",
    "apache license": "Apache-2.0", "bsd 3-clause license": "BSD-3-Clause", "3-clause bsd license": "BSD-3-Clause",
    "2-clause bsd": "BSD-2-Clause", "isc license": "ISC", "mit license": "MIT", "mit license (mit)": "MIT",
    "isc license (iscl)": "ISC",
}  # fmt: skip
"""How packages write their licences, and what SPDX calls them."""
BSD = "redistribution and use in source and binary forms"
TEXTS = (
    (
        "BSD-3-Clause",
        r"redistribution and use in source and binary forms.*(neither the name|names? of .{0,60} may not)",
    ),
    ("BSD-2-Clause", BSD),
    ("Apache-2.0", r"apache license\W+version 2\.0"),
    ("LicenseRef-matplotlib", r"license agreement for matplotlib"),
    ("PSF-2.0", r"python software foundation license version 2"),
    ("MIT", r"permission is hereby granted, free of charge.*the software is provided .as is."),
    ("ISC", r"permission to use, copy, modify, and/?o?r? distribute this software"),
)
"""Sentences that tell licence texts apart, the narrower first."""
LIBRARY = re.compile(r"(lib[\w+]+?)(-\S*)?[.](so|dylib|dll)\S*")
"""File name of a shared library: its name, what the wheel's builder put behind it, and the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that comes along.

    Parameters
    ----------
    name, version
        Of a package or model; a library has the version of nothing.
    kind
        package, library (shared, inside a package) or model.
    licence
        SPDX expression, or ``unknown``.
    url
        Where it comes from.
    comes_with
        The extras that bring a package (``base`` for none), or the package that holds a library.
    needs
        Names of the packages that it asks for.
    sha256
        Of a model's file.
    reason
        Why it may come along although its licence is no permissive one.
    """

    name: str
    version: str = ""
    kind: str = "package"
    licence: str
    url: str = ""
    comes_with: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    sha256: str = ""
    reason: str = ""


def list_parts(project: Path = ROOT) -> tuple[Part, ...]:
    """List packages, shared libraries and models, by kind and name.

    Raises
    ------
    SystemExit
        If a package is not installed: nobody could say what it brings.
    """
    packages = follow(read_requirements(project))
    found = [_package(name, extras) for name, extras in sorted(packages.items())]
    libraries = [library for name in sorted(packages) for library in _libraries(distribution(name))]
    return (*found, *libraries, *_models())


def read_requirements(project: Path = ROOT) -> dict[str, tuple[Requirement, ...]]:
    """Read what the base and each extra ask for; groups for development are left out."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {"base": table["dependencies"], **table["optional-dependencies"]}
    return {extra: tuple(map(Requirement, lines)) for extra, lines in asked.items()}


def follow(asked: Mapping[str, Sequence[Requirement]]) -> dict[str, tuple[str, ...]]:
    """Follow requirements to the end: name of each package, and the extras that bring it."""
    brought: dict[str, set[str]] = {}
    for extra, requirements in asked.items():
        for name in _closure(requirements):
            brought.setdefault(name, set()).add(extra)
    return {name: tuple(sorted(extras)) for name, extras in brought.items()}


def _closure(requirements: Iterable[Requirement]) -> set[str]:
    seen: set[tuple[str, str]] = set()
    waiting = [one for one in requirements if _applies(one, "")]
    while waiting:
        requirement = waiting.pop()
        for extra in ("", *sorted(requirement.extras)):
            key = canonicalize_name(requirement.name), extra
            if key not in seen:
                seen.add(key)
                waiting += [one for one in _needs(key[0]) if _applies(one, extra)]
    return {name for name, _ in seen}


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _needs(name: str) -> list[Requirement]:
    try:
        return [Requirement(line) for line in distribution(name).requires or ()]
    except PackageNotFoundError:
        raise SystemExit(f"{name} is not installed; install vascal with all its extras first") from None


def _package(name: str, extras: tuple[str, ...]) -> Part:
    found = distribution(name)
    return Part(
        name=name,
        version=found.version,
        licence=licence_of(found),
        url=_url(found),
        comes_with=extras,
        needs=tuple(sorted({canonicalize_name(one.name) for one in _needs(name) if _applies(one, "")})),
        reason=ACCEPTED.get(name, ""),
    )


def licence_of(found: Distribution) -> str:
    """Give a package's licence: what it says, or what the text that it ships is."""
    said = _said(found, "License-Expression") or _said(found, "License")
    lines: list[str] = found.metadata.get_all("Classifier") or []
    classes = [line.split(" :: ")[-1] for line in lines if line.startswith("License")]
    if any(re.search(r"GNU|GPL", words) and not is_spdx(words) for words in (said[:200], *classes)):
        return UNKNOWN  # which of them, a person must read
    for words in (READ.get(canonicalize_name(found.name), ""), said, *classes):
        known = SPELLINGS.get(words.strip().lower(), words.strip())
        if known and len(known) < 200 and is_spdx(known):
            return known
    return next(filter(None, map(recognise, (said, *_licence_files(found)))), UNKNOWN)


def _said(found: Distribution, field: str) -> str:
    return str(found.metadata[field]) if field in found.metadata else ""


@cache
def is_spdx(expression: str) -> bool:
    """Tell whether words are an expression of SPDX."""
    return not _licensing().validate(expression).errors


@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


def _licence_files(found: Distribution) -> Iterator[str]:
    for file in found.files or ():
        if ".dist-info" in str(file) and re.match(r"(licen[cs]e|copying)", file.name, re.IGNORECASE):
            yield Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")


def recognise(text: str) -> str:
    """Name the licence that a text begins with; nothing if it is none of the usual ones."""
    plain = " ".join(text.lower().split())[:4000]
    return next((name for name, sentence in TEXTS if re.search(sentence, plain)), "")


def _url(found: Distribution) -> str:
    urls = dict(line.split(", ", 1) for line in found.metadata.get_all("Project-URL") or ())
    by_name = {name.lower(): url for name, url in urls.items()}
    wanted = next((by_name[name] for name in ("homepage", "home", "repository", "source") if name in by_name), "")
    return wanted or _said(found, "Home-page") or f"https://pypi.org/project/{found.name}/"


def _libraries(found: Distribution) -> Iterator[Part]:
    """List the shared libraries inside a wheel, each once."""
    names = {
        match[1]
        for file in found.files or ()
        if (match := re.fullmatch(r"(lib\w+?)(-\S*)?[.](so|dylib|dll)\S*", file.name))
    }
    known = _native()
    for name in sorted(names - {"lib"}):
        licence, reason = known.get(name, (UNKNOWN, ""))
        yield Part(name=name, kind="library", licence=licence, url=_url(found), comes_with=(found.name,), reason=reason)


@cache
def _native() -> dict[str, tuple[str, str]]:
    with NATIVE.open(encoding="utf-8", newline="") as table:
        return {row["library"]: (row["licence"], row["reason"]) for row in csv.DictReader(table)}


def _models() -> Iterator[Part]:
    for name, entry in sorted(read_manifest().items()):
        yield Part(
            name=name,
            version=str(entry.version),
            kind="model",
            licence=OWN_LICENCE,
            url=f"src/vascal/models/weights/{name}.md",
            comes_with=("base",),
            sha256=entry.sha256,
        )


def find_faults(parts: Iterable[Part]) -> tuple[str, ...]:
    """Name what may not come along: unknown licences, and copyleft without a reason."""
    return tuple(
        f"{part.name} {part.version}".rstrip() + f" ({', '.join(part.comes_with)}): {part.licence}"
        for part in parts
        if not part.reason and not is_permissive(part.licence)
    )


@cache
def is_permissive(expression: str) -> bool:
    """Tell whether a licence asks for no more than a notice: one of those joined by OR, all joined by AND."""
    if expression == UNKNOWN:
        return False
    return _holds(_licensing().parse(expression))


def _holds(expression: LicenseExpression) -> bool:
    if isinstance(expression, OR):
        return any(map(_holds, expression.args))
    if isinstance(expression, AND):
        return all(map(_holds, expression.args))
    return str(expression.render()) in PERMISSIVE


COLUMNS = ("name", "version", "kind", "licence", "url", "comes_with", "sha256", "reason")


def _row(part: Part) -> list[str]:
    return [" ".join(value) if isinstance(value := getattr(part, name), tuple) else value for name in COLUMNS]


def as_csv(parts: Sequence[Part]) -> str:
    """Write the list as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *map(_row, parts)])
    return text.getvalue()


def as_markdown(parts: Sequence[Part]) -> str:
    """Write the list as a table of Markdown."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *map(_row, parts)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--markdown", type=Path)
    chosen = parser.parse_args()
    parts = list_parts()
    for path, text in ((chosen.csv, as_csv(parts)), (chosen.markdown, as_markdown(parts))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    faults = find_faults(parts)
    kinds = {kind: sum(part.kind == kind for part in parts) for kind in ("package", "library", "model")}
    print(f"{kinds['package']} packages, {kinds['library']} shared libraries, {kinds['model']} models")
    if faults:
        sys.exit("licences that may not come along:\n  " + "\n  ".join(faults))


if __name__ == "__main__":
    main()
