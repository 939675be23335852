"""What reports on CT and on films say alike: who observed, on which images, by which rule, and what limits the result.

Source: DICOM PS3.16, TID 1500 (Measurement Report), 1001 (Observation Context), 1204 (Language), 1600 (Image
Library), 4019 (Algorithm Identification).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydicom.dataset import Dataset

from vascal.io.dicom_values import text_of
from vascal.io.objects import sr_codes as codes
from vascal.io.objects.coded import Coded, private_code
from vascal.io.objects.context import MANUFACTURER, ObjectContext
from vascal.io.objects.envelope import MODEL
from vascal.io.objects.references import reference_of
from vascal.io.objects.segments import tracking_id, tracking_uid
from vascal.io.objects.sr_codes import Quantity
from vascal.io.objects.sr_content import contain, point_to, say_code, say_date, say_number, say_text, say_uid
from vascal.io.objects.sr_document import Standing, device_uid
from vascal.io.objects.study_copy import day_of


def write_root(
    saved: Mapping[str, Any],
    *,
    procedure: Coded,
    library: Dataset,
    groups: Iterable[Dataset],
    evaluations: Iterable[Dataset],
) -> Dataset:
    """Lay the parts of a measurement report out as TID 1500 orders them."""
    measurements = contain(codes.MEASUREMENTS, [*identify_algorithm(saved), *groups])
    return contain(
        codes.REPORT_TITLE,
        [
            say_code(codes.LANGUAGE, codes.ENGLISH, "HAS CONCEPT MOD"),
            *_observe(saved),
            say_code(codes.PROCEDURE, procedure, "HAS CONCEPT MOD"),
            library,
            measurements,
            contain(codes.EVALUATIONS, evaluations),
        ],
        None,
        template="1500",
    )


def _observe(saved: Mapping[str, Any]) -> Iterator[Dataset]:
    """Name the device that observed (TID 1004); its serial number stands for finder and weights."""
    yield say_code(codes.OBSERVER_TYPE, codes.DEVICE, "HAS OBS CONTEXT")
    yield say_uid(codes.DEVICE_UID, device_uid(saved), "HAS OBS CONTEXT")
    for name, value in (
        (codes.DEVICE_NAME, saved["provenance"]["software"]),
        (codes.DEVICE_MANUFACTURER, MANUFACTURER),
        (codes.DEVICE_MODEL, MODEL),
        (codes.DEVICE_SERIAL, saved["provenance"]["finder"] or saved["provenance"]["version"]),
    ):
        yield say_text(name, value, "HAS OBS CONTEXT")


def identify_algorithm(saved: Mapping[str, Any]) -> list[Dataset]:
    """Name software, version, rule and options (TID 4019)."""
    made_by = saved["provenance"]
    return [
        say_text(codes.ALGORITHM_NAME, made_by["software"], "HAS CONCEPT MOD"),
        say_text(codes.ALGORITHM_VERSION, made_by["version"], "HAS CONCEPT MOD"),
        *(say_text(codes.ALGORITHM_PARAMETERS, text, "HAS CONCEPT MOD") for text in _parameters(saved)),
    ]


def _parameters(saved: Mapping[str, Any]) -> Iterator[str]:
    """Write every parameter as ``name=value``; weights are known by the hash in the finder's name."""
    made_by = saved["provenance"]
    for name in ("finder", "labels_sha256"):
        if made_by[name]:
            yield f"{name}={made_by[name]}"
    for part in ("rule", "calibration"):
        for name, value in saved.get(part, {}).items():
            if value != []:
                yield f"{part}.{name}={'/'.join(map(str, value)) if isinstance(value, list) else value}"
    for name, value in made_by["options"].items():
        yield f"option.{name}={value}"


def list_images(context: ObjectContext, region: Coded, facts: Iterable[Dataset] = ()) -> Dataset:
    """List the source images once, with what they have in common (TID 1600)."""
    first = context.sources[0]
    modality = text_of(first, "Modality").upper()
    frame, day = text_of(first, "FrameOfReferenceUID"), day_of(first, "StudyDate")
    shared = [say_code(codes.MODALITY, codes.MODALITIES.get(modality, codes.MODALITIES["OT"]), "HAS ACQ CONTEXT")]
    shared.append(say_code(codes.TARGET_REGION, region, "HAS ACQ CONTEXT"))
    if day:
        shared.append(say_date(codes.STUDY_DATE, day))
    if frame:
        shared.append(say_uid(codes.FRAME_OF_REFERENCE, frame, "HAS ACQ CONTEXT"))
    group = contain(codes.LIBRARY_GROUP, [*shared, *facts, *point_to_sources(context, None)])
    return contain(codes.LIBRARY, [group])


def point_to_sources(context: ObjectContext, name: Coded | None) -> Iterator[Dataset]:
    """Point to every source image."""
    for source in context.sources:
        yield point_to(name, reference_of(source))


def track(context: ObjectContext, name: str) -> list[Dataset]:
    """Name what is measured as the segmentation names it (PS3.16 TID 1411, rows 2 and 3)."""
    return [
        say_text(codes.TRACKING_ID, tracking_id(name), "HAS OBS CONTEXT"),
        say_uid(codes.TRACKING_UID, tracking_uid(context, name), "HAS OBS CONTEXT"),
    ]


def say_numbers(
    quantities: Sequence[Quantity], values: Mapping[str, Any], *, children: Iterable[Dataset] = ()
) -> list[Dataset]:
    """State the numbers that are known, each with its method; `children` belong to the first."""
    known = [what for what in quantities if values.get(what.field) is not None]
    below = [[_by_method(what.method)] if what.method else [] for what in known]
    if below:
        below[0] += children
    return [say_number(what, values[what.field], children=more) for what, more in zip(known, below, strict=True)]


def _by_method(method: Coded) -> Dataset:
    return say_code(codes.METHOD, method, "HAS CONCEPT MOD")


def evaluate_result(saved: Mapping[str, Any]) -> list[Dataset]:
    """Say whether the total may be quoted and who found the calcium."""
    quotable = codes.YES if saved["is_quotable"] else codes.NO
    items = [
        say_code(private_code("QUOTABLE"), quotable),
        say_code(private_code("FOUND-BY"), codes.FINDERS[saved["found_by"]]),
    ]
    if finder := saved["provenance"]["finder"]:
        items.append(say_text(private_code("FINDER"), finder))
    return items


def list_caveats(saved: Mapping[str, Any]) -> list[Dataset]:
    """State every caveat: its text, with its code and severity beneath."""
    return [
        say_text(
            private_code("CAVEAT"),
            caveat["message"],
            children=[
                say_code(private_code("CAVEAT-SEVERITY"), codes.SEVERITIES[caveat["severity"]], "HAS CONCEPT MOD"),
                say_text(private_code("CAVEAT-CODE"), caveat["code"], "HAS CONCEPT MOD"),
            ],
        )
        for caveat in saved["caveats"]
    ]


def find_standing(saved: Mapping[str, Any]) -> Standing:
    """Tell from its caveats how far a result may be trusted."""
    why = tuple(caveat["code"] for caveat in saved["caveats"] if caveat["severity"] == "critical")
    return Standing(is_complete=saved["is_quotable"], why=why)
