"""Nothing that a report says stays English: templates, caveats, notes of readers and finders, rules, formulas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from types import ModuleType
from typing import get_args

import numpy as np
import pytest
from jinja2 import Environment, nodes

from tests.render.leftovers import english_left, latin_left
from tests.render.said_in_code import caveat_messages, sentences
from vascal import risk_study
from vascal.aac.classes import SCHEMES
from vascal.anatomy import aorta_parts, confounders, thorax, vertebrae
from vascal.anatomy.segmenter import CutSide
from vascal.calcium.compensation import ScanFacts, choose_compensations
from vascal.calcium.mass import assume_calibration, correct_virtual
from vascal.calcium.rule import RULES, AgatstonRule
from vascal.errors import MissingInputError, OutOfRangeError
from vascal.io import (
    fhir_clinical,
    fhir_observations,
    fhir_patient,
    film_pixels,
    film_reading,
    film_spacing,
    grey,
)
from vascal.io.dicom_stack import describe_unevenness
from vascal.models import anatomy_net, lesion_inputs, voxel_net
from vascal.regions import SEGMENTS
from vascal.render import film_wording
from vascal.render.film_wording import GRADE_WORDS, SCHEME_WORDS, SPACING_WORDS
from vascal.render.language import read_language
from vascal.render.wording import VESSEL_NAMES, show_gating, show_rule, show_segment
from vascal.report import aorta_caveats, caveats, film_caveats
from vascal.risk import framingham, mesa_chd, pce, prevent, score2
from vascal.risk.aac_hazards import STUDIES
from vascal.risk.model import TITLES, RiskModel, require_inputs, unit_of
from vascal.risk.profile import ClinicalProfile

OTHERS = (read_language("de"), read_language("zh"))
GERMAN, CHINESE = OTHERS
TEMPLATES = ("report", "film", "risk", "parts")
"""How names of templates of reports begin."""


def require_said(text: str, place: str = "") -> None:
    """Require that nothing of a text stays English."""
    for language in OTHERS:
        assert language.find(text, place) is not None or not language.lacks(text), text
    assert latin_left(CHINESE.say(text, place)) == [], CHINESE.say(text, place)
    assert english_left(GERMAN.say(text, place)) == [], GERMAN.say(text, place)


def texts_of_template(name: str) -> Iterator[str]:
    """Give what a template says by `_("...")`."""
    source = resources.files("vascal.render").joinpath("templates", name).read_text(encoding="utf-8")
    for call in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            yield from (arg.value for arg in call.args if isinstance(arg, nodes.Const))


def names_of_templates() -> list[str]:
    folder = resources.files("vascal.render").joinpath("templates")
    return sorted(file.name for file in folder.iterdir() if file.name.startswith(TEMPLATES))


@pytest.mark.parametrize("template", names_of_templates())
def test_every_text_of_a_template_is_listed(template: str) -> None:
    for text in texts_of_template(template):
        assert all(language.find(text) is not None for language in OTHERS), text


@pytest.mark.parametrize("module", [caveats, film_caveats, aorta_caveats], ids=lambda module: module.__name__)
def test_every_caveat_is_said(module: ModuleType) -> None:
    messages = caveat_messages(module)
    assert len(messages) > 7
    for message in messages:
        require_said(message)


NOTES: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (thorax, ("find_chest", "_notes", "_blood_notes")),
    (anatomy_net, ("_note",)),
    (vertebrae, ("find_vertebrae",)),
    (aorta_parts, ("find_aorta_parts",)),
    (film_spacing, ("film_spacing", "_from_header", "_stated", "plain_spacing")),
    (film_pixels, ("display", "_contradictions", "_unless_flat", "_window", "_full_range")),
    (grey, ("grey_of_colours", "span_without_outliers")),
    (film_reading, ("load", "_weaknesses")),
    (fhir_patient, ("_read_sex", "_read_ethnicity")),
    (fhir_clinical, ("_assume_no",)),
    (risk_study, ("_find_reason_to_withhold", "_doubt_age")),
    (score2, ("_notes",)),
    (film_wording, ("summarise_aac", "show_aac_doubt")),
)
"""Functions that write sentences, each as a whole."""


@pytest.mark.parametrize(("module", "functions"), NOTES, ids=lambda part: getattr(part, "__name__", ""))
def test_every_note_is_said(module: ModuleType, functions: tuple[str, ...]) -> None:
    for function in functions:
        texts = sentences(module, function)
        assert texts, f"{function} says nothing any more"
        for text in texts:
            require_said(text)


@pytest.mark.parametrize(
    "note",
    [
        "3 files beside this series could not be read: slices may be lacking",
        "2 slices were given twice and used once",
        "Image Type is 7: pixels were derived from other images",
        "the images have been compressed with loss",
        "slice thickness differs between slices",
        "the header tells of a gantry tilt of 12.5 degrees; the slices' positions show none",
        "the header tells of a gantry tilt of 12.5 degrees; one slice can not show it",
        "no voxel is below 0 HU: is this a CT in HU?",
        "In a stack of copies of the slice: No heart was found: too little lung is in the scan.",
        "a detector's signal (for processing): its negative logarithm is shown between percentiles",
        "a detector's signal (for processing): it is shown between percentiles",
        "age: the patient has no birth date",
        "age: no day was given to count it on",
        "age: the birth date is not known to the day; 61 or 60 years",
        "image header: age of 12 years; needed: 18 to 110 years (these formulas are for adults; is it a year of birth?)"
        "; it is not used",
        "blood pressure treatment: an order is taken as use",
        "dialysis: a procedure is taken as chronic dialysis",
        "2 drugs were left out: not taken on the day of the scan, by their dates or status",
        "2 drugs were left out: not taken, by their status",
        "3 conditions or procedures were left out: begun or first recorded after the scan",
        "2 resources of other types were not read: types that FHIR does not know",
        "the bundle is one page of several; what is on the others was not read",
        "2 resources name no patient; they were taken as this one's",
        "diabetes: a code says neither yes nor no",
        "height was measured 3 years before the scan",
        "Current smoking was recorded 12 years before the scan; left out, as it is 10 years old or more",
        "total cholesterol: the newest answer does not tell",
        "HbA1c: 2 values of one moment that differ; left unknown",
        "the FHIR bundle gave nothing that could be used",
        "codes that are not known: 7",
        "the bundle holds no Patient: age and sex are not known",
        "the Patient had died before the scan, by the bundle: is it this patient's?",
        risk_study.UNDATED,
    ],
)
def test_notes_of_readers_are_said(note: str) -> None:
    require_said(note)
    require_said(f"{note[0].upper()}{note[1:].removesuffix('.')}.")


@pytest.mark.parametrize(
    "reason", sorted({*fhir_observations._STATUSES, *sentences(fhir_observations, "_reason_to_skip")})
)
def test_reasons_to_leave_an_observation_out_are_said(reason: str) -> None:
    require_said(f"HDL cholesterol: {reason} (2 left out)")


@pytest.mark.parametrize(
    "positions", [(0.0, 3.0, 6.0, 12.0, 15.0), (0.0, 3.0, 3.0, 6.0, 9.0, 10.0, 13.0), (0.0, 3.0, 6.2, 9.1, 12.3)]
)
def test_uneven_slices_are_said(positions: tuple[float, ...]) -> None:
    complaint = describe_unevenness(np.array(positions))
    assert complaint
    require_said(f"accepted uneven slices: {complaint}")


@pytest.mark.parametrize("rule", [*RULES.values(), replace(RULES["agatston-1990"], min_patch_pixels=3)])
def test_rules_are_said(rule: AgatstonRule) -> None:
    for sentence in show_rule(rule):
        require_said(sentence)


def test_every_name_of_the_heart_is_said() -> None:
    for name in (*VESSEL_NAMES.values(), *(show_segment(number) for number in SEGMENTS)):
        require_said(name)
    for reason in (*get_args(confounders.Reason), *lesion_inputs.KINDS[4:], voxel_net.NOT_CORONARY):
        require_said(reason)
    for side in get_args(CutSide):
        require_said(side, "sides")


@pytest.mark.parametrize("is_gated", [True, False, None])
@pytest.mark.parametrize("evidence", ["attributes", "description", "stated"])
def test_gating_is_said(is_gated: bool | None, evidence: str) -> None:
    require_said(show_gating(is_gated, evidence))


def test_corrections_are_said() -> None:
    facts = [
        ScanFacts(kvp=80.0, slice_mm=1.5, kernel="Qr44", noise_sd_hu=45.0, bmi=35.0, denoising="deep"),
        ScanFacts(kvp=120.0, slice_mm=5.0, kernel="Qr32", noise_sd_hu=20.0, bmi=20.0, denoising="iterative"),
    ]
    for names in ([one.name for one in choose_compensations(fact)] for fact in facts):
        assert len(names) > 3
        require_said(f"The score was brought towards 120 kVp and 3 mm ({', '.join(names)}).")


def test_calibrations_are_said() -> None:
    assumed = correct_virtual(assume_calibration(100))
    for calibration in (assumed, assume_calibration(None)):
        require_said(f"{calibration.source}: {calibration.detail}")
    require_said("rods: water 2.5 HU, 200 mg/cm3 251.5 HU")
    require_said("stated: 0.75 mg/cm3 per HU")


def test_words_of_a_film_are_said() -> None:
    for word in (*GRADE_WORDS, *SCHEME_WORDS.values(), *SPACING_WORDS.values()):
        require_said(word, "grade")
    for scheme in SCHEMES:
        for name in scheme.classes:
            require_said(name)


MODELS: tuple[RiskModel, ...] = (
    mesa_chd.MESA_CHD,
    mesa_chd.MESA_CHD_CAC,
    pce.PCE,
    framingham.FRAMINGHAM_CVD,
    score2.SCORE2,
    score2.SCORE2_OP,
    *prevent.PREVENT.values(),
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_formulas_say_why_they_can_not_answer(model: RiskModel) -> None:
    with pytest.raises(OutOfRangeError) as known:
        require_inputs(ClinicalProfile(has_cvd=True), model)
    with pytest.raises(MissingInputError) as missing:
        require_inputs(ClinicalProfile(), model)
    for error in (known.value, missing.value):
        require_said(f"{error}.")
    for name, (low, _) in model.ranges.items():
        unit = f" {unit_of(name)}" if unit_of(name) else ""
        require_said(f"{TITLES[name]} of {low - 0.5:g}{unit}; {model.title} is for {low:g} to {low + 9:g}{unit}.")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_name_of_a_formula_stays_whole_where_it_can_not_answer(model: RiskModel) -> None:
    with pytest.raises(MissingInputError) as missing:
        require_inputs(ClinicalProfile(), model)
    with pytest.raises(OutOfRangeError) as known:
        require_inputs(ClinicalProfile(has_cvd=True), model)
    for language in OTHERS:
        title = language.say(model.title)
        assert language.say(f"{missing.value}.").startswith(title)
        assert language.say(f"{known.value}.").startswith(title)
        assert title in language.say(f"age of 12 years; {model.title} is for 30 to 79 years.")


def test_every_variable_has_a_name() -> None:
    for title in TITLES.values():
        require_said(title)


def test_cohorts_are_said() -> None:
    for study in STUDIES:
        require_said(study.outcome)
        require_said(f"{study.cohort}, n = {study.n}")
        require_said(study.adjustment or "multiple covariates")
        for name in study.ratios:
            require_said(f"{name} against {study.scheme.classes[0]}")
