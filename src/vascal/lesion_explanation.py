"""Which lesions and rejected candidates of a scored series are explained, and by what the network saw."""

from __future__ import annotations

from vascal.calcium.finding import describe_group
from vascal.calcium.single_slice import put_in_stack
from vascal.models.saliency import find_saliency
from vascal.pipeline import ScoredSeries
from vascal.render.saliency import Explained
from vascal.score_options import ScoreOptions
from vascal.types import VoxelIndex

MOST_EXPLAINED = 12
LEAST_EXPLAINED = 0.05


def explain(scored: ScoredSeries, options: ScoreOptions) -> list[Explained]:
    """Explain the lesions that score most, then what was rejected with some doubt."""
    lesions = sorted(scored.report.score.lesions, key=lambda lesion: -lesion.agatston)
    by_id = {lesion.id: lesion for lesion in scored.finding.lesions}
    doubted = sorted(
        (r for r in scored.finding.rejected if (r.probability or 0.0) >= LEAST_EXPLAINED),
        key=lambda r: -(r.probability or 0.0),
    )
    shown: list[tuple[str, float, str | None, VoxelIndex]] = [
        (f"{s.id}  {s.vessel}", s.confidence or 0.0, s.vessel, by_id[s.id].index) for s in lesions
    ]
    shown += [(f"rejected: {r.reason}", r.probability or 0.0, None, r.candidate.index) for r in doubted]
    shown = shown[:MOST_EXPLAINED]
    flat = scored.volume.hu.reshape(-1)
    candidates = [describe_group(index, flat[index], scored.volume.grid) for *_, index in shown]
    found = find_saliency(*put_in_stack(scored.volume, scored.anatomy, candidates), folder=options.model)
    return [
        Explained(saliency=saliency, title=title, probability=probability, vessel=vessel)
        for saliency, (title, probability, vessel, _) in zip(found, shown, strict=False)
    ]
