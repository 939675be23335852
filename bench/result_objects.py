"""What other systems take of a scored study: time to make it all, and the size of a sparse segmentation.

A simulated gated study of 60 slices is scored once; then its segmentation, structured report, printed page, picture
and key objects are made again and again, FHIR and HL7 v2 beside them, reading the headers of the 60 images each time.
Opponent in the same run: highdicom, which writes the segmentation of the same voxels only. Limit on 2 cores: 2 s for
all, with the page already drawn. Then the segmentation of a chest of 400 slices with an everyday scan's calcium: 1 MB.

    python -m bench.result_objects [--runs 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from bench.bench_command import STUDIES, write_study
from vascal.io.objects.seg import SegLayout, write_result_seg
from vascal.io.objects.segments import Algorithm
from vascal.io.reading import read_input
from vascal.io.results import report_to_dict
from vascal.pipeline import ScoredSeries, score_series
from vascal.render.palette import VESSEL_COLOURS
from vascal.result_files import WrittenResult, make_series_files, places_of
from vascal.result_options import KINDS, ResultOptions
from vascal.score_options import ScoreOptions
from vascal.series_files import lay_out_series
from vascal.study import Series

EVERYTHING = ResultOptions(pdf=True, objects=KINDS, fhir=True, hl7=True)
LIMITS = {"all objects of 60 slices, s": 2.0, "segmentation of 400 slices, MB": 1.0}
VALUES = {"LM": 1, "LAD": 2, "LCX": 3, "RCA": 4, "unassigned": 5}


def median(act: Callable[[], object], runs: int) -> float:
    """Time something a few times after a first run that does not count."""
    act()
    spent = []
    for _ in range(runs):
        start = time.perf_counter()
        act()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def score_study(folder: Path, name: str) -> tuple[ScoredSeries, Series]:
    write_study(folder, STUDIES[name])
    (study,) = read_input(folder)
    (series,) = study.series
    return score_series(series, ScoreOptions()), series


def write_by_highdicom(scored: ScoredSeries, series: Series) -> object:
    """Write the vessels' segmentation as highdicom does: its own reading of headers included."""
    import highdicom as hd
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    labels = np.zeros(series.grid.shape, dtype=np.uint8)
    for lesion in scored.finding.lesions:
        labels.reshape(-1)[lesion.index] = VALUES[lesion.vessel]
    present = [name for name, value in VALUES.items() if (labels == value).any()]
    described = [
        hd.seg.SegmentDescription(
            segment_number=n,
            segment_label=name,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=Code("237897009", "SCT", "Vascular calcification"),
            algorithm_type="AUTOMATIC",
            algorithm_identification=hd.AlgorithmIdentificationSequence(
                name="bench", version="1", family=codes.DCM.ArtificialIntelligence
            ),
        )
        for n, name in enumerate(present, start=1)
    ]
    return hd.seg.Segmentation(
        source_images=[pydicom.dcmread(image.path, stop_before_pixels=True) for image in series.images],
        pixel_array=np.stack([labels == VALUES[name] for name in present], axis=-1).astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=described,
        series_instance_uid=hd.UID(),
        series_number=1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="bench",
        manufacturer_model_name="bench",
        software_versions="1",
        device_serial_number="1",
    )


def time_objects(folder: Path, runs: int) -> dict[str, float]:
    scored, series = score_study(folder, "cardiac, 60 slices")
    page = lay_out_series(scored, series, ScoreOptions(), ResultOptions())
    saved: dict[str, Any] = report_to_dict(scored.report)
    written = WrittenResult(saved=saved, files=page, places=places_of(series), is_dicom=True)
    found = {
        "all objects of 60 slices, s": median(lambda: make_series_files(scored, series, written, EVERYTHING), runs)
    }
    for kind in KINDS:
        alone = ResultOptions(objects=(kind,))
        found[f"  {kind} alone, s"] = median(lambda: make_series_files(scored, series, written, alone), runs)  # noqa: B023
    found["highdicom's segmentation, s"] = median(lambda: write_by_highdicom(scored, series), runs)
    found["all : highdicom's segmentation"] = (
        found["all objects of 60 slices, s"] / found["highdicom's segmentation, s"]
    )
    return found


def weigh_segmentation(folder: Path) -> dict[str, float]:
    from vascal.io.objects.context import make_context

    scored, series = score_study(folder, "chest, 400 slices")
    lesions = scored.finding.lesions
    context = make_context(places_of(series), b"bench", version="bench")
    size = series.grid.shape[1] * series.grid.shape[2]
    planes = sum(len({int(k) for one in lesions if one.vessel == v for k in one.index // size}) for v in VALUES)
    found = {"slices": float(series.grid.shape[0]), "vessels' frames": float(planes), "lesions": float(len(lesions))}
    layouts = {
        "segmentation of 400 slices, MB": SegLayout(),
        "  cropped, MB": SegLayout(is_cropped=True),
        "  deflated, MB": SegLayout(is_deflated=True),
        "  label map, MB": SegLayout(encoding="labelmap"),
    }
    for name, layout in layouts.items():
        algorithm = Algorithm(version="bench")
        seg = write_result_seg(lesions, series, context, algorithm=algorithm, colours=VESSEL_COLOURS, layout=layout)
        found[name] = 0.0 if seg is None else len(seg.data) / 1e6
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = time_objects(Path(folder) / "60", chosen.runs)
    with tempfile.TemporaryDirectory() as folder:
        found |= weigh_segmentation(Path(folder) / "400")
    for name, value in found.items():
        limit = LIMITS.get(name)
        print(f"{name}: {value:.3g}" + ("" if limit is None else f" (limit {limit:g})"))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
