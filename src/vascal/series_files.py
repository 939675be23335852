"""The files of one scored series: numbers, picture, page, and what other systems take."""

from __future__ import annotations

import json

from vascal.io.nifti import label_map_to_bytes
from vascal.io.results import lesions_to_csv, report_to_dict, report_to_json
from vascal.lesion_explanation import explain
from vascal.pipeline import ScoredSeries
from vascal.render.image_numbers import number_images
from vascal.render.key_images import draw_key_images
from vascal.render.marks import Marks
from vascal.render.overlay import draw_overlay
from vascal.render.page import draw_page
from vascal.render.saliency import draw_saliency
from vascal.result_files import WrittenResult, make_series_files, places_of
from vascal.result_options import ANATOMY_FILE, ResultOptions
from vascal.risk_study import add_risk
from vascal.score_options import ScoreOptions
from vascal.study import Series


def lay_out_series(
    scored: ScoredSeries, series: Series, chosen: ScoreOptions, options: ResultOptions
) -> dict[str, bytes]:
    """Make the files of a scored series, by name.

    Parameters
    ----------
    scored
        What was found.
    series
        Of what.
    chosen
        How it was scored.
    options
        What to make of it.

    Raises
    ------
    VascalError
        If what is asked for can not be made of these images.
    """
    marks, saved = _marks(scored), report_to_dict(scored.report)
    images = draw_key_images(scored.volume, marks, number_images(series))
    page = draw_page(scored.report, images, language=options.language)
    files = {
        "lesions.csv": lesions_to_csv(scored.report),
        "overlay.png": draw_overlay(scored.volume, scored.report, marks),
        "score.json": report_to_json(scored.report),
        **add_risk(saved, page),
    }
    if options.with_anatomy:
        names = {str(value): name for value, name in scored.anatomy.structures.names.items()}
        files[ANATOMY_FILE] = label_map_to_bytes(scored.anatomy.structures)
        files["anatomy.json"] = json.dumps(names, indent=1).encode()
    if options.with_saliency and scored.report.found_by == "learned":
        files["saliency.png"] = draw_saliency(explain(scored, chosen))
    is_dicom = series.source_format == "dicom"
    written = WrittenResult(saved=saved, files=files, places=places_of(series), is_dicom=is_dicom)
    return files | make_series_files(scored, series, written, options)


def _marks(scored: ScoredSeries) -> Marks:
    return Marks(
        lesions=scored.finding.lesions,
        rejected=tuple((rejected.reason, rejected.candidate.index) for rejected in scored.finding.rejected),
        heart=scored.anatomy.structures,
    )
