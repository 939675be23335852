"""The first look at all files: words of each patient, whose numbers are not his alone, series that can not go out.

A series goes out whole or not at all. A scan that lacks a slice would be scored wrongly by whoever gets it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset

from vascal.errors import VascalError
from vascal.io.deid.kinds import require_kind
from vascal.io.deid.known import KnownWords, collect_words
from vascal.io.deid.one_file import BROKEN, Rules, patient_of
from vascal.io.deid.pixels import PixelsSeen, look_at_pixels, reasons_against
from vascal.io.deid.plain_pixels import tidy_pixels
from vascal.io.dicom_header import looks_like_dicom
from vascal.io.dicom_values import text_of, tolerant_reading

SHARED_ID = (
    "its Patient ID belongs to patients of several issuers here, who would become one; "
    "clean them apart, each with a key of its own"
)
IN_PART = "another file of its series could not be cleaned; a series goes out whole or not at all"


@dataclass(slots=True)
class Survey:
    """What was seen so far; it grows while files are looked at.

    Parameters
    ----------
    words
        By patient, see `patient_of`.
    issuers
        Issuers of Patient ID by patient.
    seen
        What the pixels of a series show, by Series Instance UID.
    broken
        Series with a file that can not be cleaned.
    whose
        Patient and series of each file, by its number from 1.
    lettered
        Numbers of files in whose slices letters seem to be.
    """

    words: dict[str, KnownWords] = field(default_factory=dict, repr=False)
    issuers: dict[str, set[str]] = field(default_factory=dict, repr=False)
    seen: dict[str, list[PixelsSeen]] = field(default_factory=dict, repr=False)
    broken: set[str] = field(default_factory=set, repr=False)
    whose: dict[int, tuple[str, str]] = field(default_factory=dict, repr=False)
    lettered: set[int] = field(default_factory=set)

    def reason_against(self, patient: str, series: str, rules: Rules) -> str | None:
        """Say why a file of that patient and series is left out; None if it is not."""
        if len(self.issuers.get(patient, ())) > 1:
            return SHARED_ID
        if series and series in self.broken:
            return IN_PART
        reasons = reasons_against(self.seen.get(series, ())) if rules.pixels == "refuse" else ()
        return f"its series may show text in its pixels: {'; '.join(reasons)}" if reasons else None

    def is_clear(self, series: str) -> bool:
        """Tell whether a series as a whole shows no text, whatever seemed to be letters in a few slices."""
        return not reasons_against(self.seen.get(series, ()))


def survey_files(contents: Iterable[bytes | None], rules: Rules) -> Survey:
    """Look at every file once.

    Parameters
    ----------
    contents
        Bytes of each file; None for one that can not be read.
    rules
        Pixels are not looked at where the user has reviewed them.
    """
    survey = Survey()
    with tolerant_reading():
        for number, content in enumerate(contents, start=1):
            if content and looks_like_dicom(content[:1024]):
                _look(number, content, rules, survey)
    return survey


def _look(number: int, content: bytes, rules: Rules, survey: Survey) -> None:
    series = ""
    try:
        dataset = pydicom.dcmread(BytesIO(content), force=True)
        patient, series = patient_of(dataset), text_of(dataset, "SeriesInstanceUID")
        survey.whose[number] = patient, series
        words = survey.words.get(patient, KnownWords())
        survey.words[patient] = words.joined_with(collect_words(dataset, rules.profile))
        if issuer := " ".join(text_of(dataset, "IssuerOfPatientID").split()):
            survey.issuers.setdefault(patient, set()).add(issuer.casefold())
        _look_at_image(number, dataset, series, rules, survey)
    except BROKEN:
        survey.broken |= {series} - {""}


def _look_at_image(number: int, dataset: Dataset, series: str, rules: Rules, survey: Survey) -> None:
    try:
        require_kind(dataset)
    except VascalError:
        return  # a report beside images is no part of the scan
    try:
        tidy_pixels(dataset)
    except VascalError:
        survey.broken.add(series)
        return
    if rules.pixels != "reviewed":
        seen = look_at_pixels(dataset)
        survey.seen.setdefault(series, []).append(seen)
        if seen.lettered:
            survey.lettered.add(number)
