"""`vascal rules`: the named scoring rules."""

from __future__ import annotations

import typer

from vascal.calcium.rule import RULES


def rules() -> None:
    """List the scoring rules that --rule takes, with their sources."""
    for rule in RULES.values():
        edges = "/".join(f"{edge:g}" for edge in rule.weight_edges_hu)
        smallest = f"{rule.min_patch_mm2:g} mm2" if rule.min_patch_mm2 else f"{rule.min_patch_pixels} pixel(s)"
        typer.echo(f"{rule.name}")
        typer.echo(
            f"  {rule.comparison} {rule.threshold_hu:g} HU at {rule.kvp:g} kVp, weights from {edges} HU, patches of "
            f"at least {smallest}, {rule.in_plane_connectivity}-connected in a slice, "
            f"lesions {rule.lesion_connectivity}-connected"
        )
        typer.echo(f"  {rule.source}")
