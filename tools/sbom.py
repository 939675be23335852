"""Write the bill of materials of a run-time install: CycloneDX 1.6 as JSON.

Packages, the shared libraries in their wheels and the weights of networks, as `tools.licences` lists them; system
packages that a wheel says it copied in (its own bill, PEP 770) with their versions, for scanners. The same install
gives the same file to the last byte: no time and no random number is in it.

    python -m tools.sbom [--out dist/sbom.cdx.json]
"""

from __future__ import annotations

import argparse
import json
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tools.licences import OWN_LICENCE, ROOT, Part, list_parts, read_requirements

TYPES = {
    "package": ComponentType.LIBRARY,
    "library": ComponentType.LIBRARY,
    "model": ComponentType.MACHINE_LEARNING_MODEL,
}
NAMESPACE = uuid.UUID("2f4fb6a0-1f0b-5c39-9c1d-6a5f7e0d6a11")
"""Of serial numbers; a bill's own number follows from its content."""


def make_bom(parts: Iterable[Part]) -> str:
    """Write the bill of materials as JSON."""
    known = tuple(parts)
    bom, vascal = Bom(), _vascal()
    bom.metadata.component = vascal
    components = {_reference(part): _component(part) for part in known}
    for component in components.values():
        bom.components.add(component)
    by_name = {part.name: components[_reference(part)] for part in known if part.kind == "package"}
    models = [components[_reference(part)] for part in known if part.kind == "model"]
    asked = {name for lines in read_requirements().values() for name in _names(lines)}
    bom.register_dependency(vascal, [*(by_name[name] for name in sorted(asked & by_name.keys())), *models])
    for part in known:
        bom.register_dependency(components[_reference(part)], _needed(part, known, components, by_name))
    for copied in _copied(by_name):
        bom.components.add(copied)
    return _without_time(json.loads(JsonV1Dot6(bom).output_as_string()))


def _names(requirements: Iterable[Requirement]) -> Iterator[str]:
    return (canonicalize_name(one.name) for one in requirements)


def _vascal() -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Component(
        name="vascal",
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref="vascal",
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(OWN_LICENCE)],
        purl=PackageURL("pypi", name="vascal", version=project["version"]),
    )


def _reference(part: Part) -> str:
    holder = f"{part.comes_with[0]}/" if part.kind == "library" else ""
    return f"{part.kind}:{holder}{part.name}"


def _component(part: Part) -> Component:
    is_package = part.kind == "package"
    notes = {"vascal:comes-with": " ".join(part.comes_with), "vascal:accepted-because": part.reason}
    return Component(
        name=part.name,
        version=part.version or None,
        type=TYPES[part.kind],
        bom_ref=_reference(part),
        scope=ComponentScope.OPTIONAL if is_package and "base" not in part.comes_with else ComponentScope.REQUIRED,
        licenses=[LicenseFactory().make_from_string(part.licence)],
        purl=PackageURL("pypi", name=part.name, version=part.version) if is_package else None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if part.sha256 else (),
        external_references=[_reference_to(part)],
        properties=[Property(name=name, value=value) for name, value in notes.items() if value],
    )


def _reference_to(part: Part) -> ExternalReference:
    is_model = part.kind == "model"
    kind = ExternalReferenceType.MODEL_CARD if is_model else ExternalReferenceType.WEBSITE
    return ExternalReference(type=kind, url=XsUri(part.url))


def _needed(
    part: Part, known: Iterable[Part], components: Mapping[str, Component], by_name: Mapping[str, Component]
) -> list[Component]:
    inside = [components[_reference(one)] for one in known if one.kind == "library" and _holds(part, one)]
    return [*(by_name[name] for name in part.needs if name in by_name), *inside]


def _holds(part: Part, library: Part) -> bool:
    return part.kind == "package" and canonicalize_name(library.comes_with[0]) == part.name


def _copied(packages: Iterable[str]) -> Iterator[Component]:
    """Give the system packages that wheels' builders say they copied libraries from."""
    for package in sorted(packages):
        for file in distribution(package).files or ():
            if file.name == "auditwheel.cdx.json":
                content = json.loads(Path(str(file.locate())).read_text(encoding="utf-8"))
                purls = {one["purl"] for one in content["components"] if one.get("purl", "").startswith("pkg:rpm/")}
                yield from (_system_package(package, PackageURL.from_string(purl)) for purl in sorted(purls))


def _system_package(holder: str, purl: PackageURL) -> Component:
    return Component(
        name=purl.name,
        version=purl.version,
        bom_ref=f"copied:{holder}/{purl.name}",
        purl=purl,
        properties=[Property(name="vascal:comes-with", value=holder)],
    )


def _without_time(content: dict[str, Any]) -> str:
    """Take time and random numbers out, and name the bill by its content."""
    content["metadata"].pop("timestamp", None)
    content.pop("serialNumber", None)
    plain = json.dumps(content, sort_keys=True)
    content["serialNumber"] = f"urn:uuid:{uuid.uuid5(NAMESPACE, plain)}"
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("dist/sbom.cdx.json"))
    out = parser.parse_args().out
    text = make_bom(list_parts())
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    print(f"{out}: {len(json.loads(text)['components'])} components")


if __name__ == "__main__":
    main()
