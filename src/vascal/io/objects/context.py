"""What every result object takes from the images it was made of: patient, study, time, and identifiers.

All is decided by the input: the same images scored in the same way give the same bytes.
So an object's date and time are those of its source, and nothing says when it was written.

Source: DICOM PS3.3 C.7.1 (Patient), C.7.2 (Study), C.7.3 (Series), C.7.5 (Equipment).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO, Literal, cast

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from vascal.errors import InputError
from vascal.io.dicom_files import UNREADABLE_FILE, open_images
from vascal.io.dicom_header import looks_like_dicom
from vascal.io.dicom_values import UNREADABLE, integer_of, text_of, tolerant_reading
from vascal.io.objects.study_copy import copy_study, day_of, time_of

ObjectKind = Literal["seg", "sr", "pdf", "capture", "key-objects"]
SERIES_OFFSETS: dict[ObjectKind, int] = {"seg": 91, "sr": 92, "pdf": 93, "capture": 94, "key-objects": 95}
"""Series 3 gives segmentation 391, report 392 and so on, so that they sort behind their images."""
IDENTIFIERS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
"""Without these an image can not be referred to, and its result is of no study."""
LARGEST_SERIES = 21_000_000
"""A hundred times a larger number is none that DICOM can write (32 bits); some archives number by date and time."""
MANUFACTURER = "vascal"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectContext:
    """The images that results are about, as every result object needs them.

    Parameters
    ----------
    sources
        Headers of the source images, in the order of the slices; one for a film or a multi-frame object.
    seed
        Decides unique identifiers; from the images' UIDs and what was found in them.
    version
        Of the software that found it.
    """

    sources: tuple[Dataset, ...]
    seed: str
    version: str

    def series_uid(self, kind: ObjectKind) -> str:
        """Give the Series Instance UID of a kind of object."""
        return self.make_uid("series", kind)

    def instance_uid(self, kind: ObjectKind, number: int = 1, refers_to: str = "") -> str:
        """Give the SOP Instance UID of an object; one that refers to other objects is another one."""
        return self.make_uid("instance", kind, number, *filter(None, [refers_to]))

    def make_uid(self, *what: str | int) -> str:
        """Make a unique identifier that the input and `what` alone decide (PS3.5 B.2)."""
        return make_uid(self.seed, *map(str, what))

    def series_number(self, kind: ObjectKind) -> int:
        """Give the Series Number of a kind of object."""
        number = max(0, integer_of(self.sources[0], "SeriesNumber") or 0)
        return (100 * number if number < LARGEST_SERIES else 0) + SERIES_OFFSETS[kind]

    @property
    def moment(self) -> tuple[str, str]:
        """Date and time of the source, as every object states them; a day without a known time starts at midnight."""
        for stem in ("Content", "Acquisition", "Series", "Study"):
            day = day_of(self.sources[0], f"{stem}Date")
            if day:
                return day, time_of(self.sources[0], f"{stem}Time") or "000000"
        return "19000101", "000000"

    def describe_study(self) -> Dataset:
        """Give patient and study attributes of the source, for an object to start from."""
        return copy_study(self.sources[0])


def make_uid(*what: str) -> str:
    """Make a unique identifier that `what` alone decides (PS3.5 B.2)."""
    return f"2.25.{int.from_bytes(_digest(*what)[:16], 'big')}"


def make_context(places: Iterable[tuple[Path, str | None]], found: bytes, version: str) -> ObjectContext:
    """Read the headers of the images that a result is about.

    Parameters
    ----------
    places
        (file, member of an archive or None) of each image, in the order of the slices.
    found
        What was found, such as the bytes of `score.json`: other findings get other identifiers.
    version
        Of the software that found it.

    Raises
    ------
    InputError
        If a file is gone, is no DICOM, or lacks a unique identifier, or files name several patients or studies.
    """
    sources = tuple(_read_headers(dict.fromkeys(places)))
    if not sources:
        raise InputError("no image is given; DICOM results need the DICOM images they are about")
    _require_one_patient(sources)
    uids = (text_of(source, "SOPInstanceUID") for source in sources)
    seed = _digest(version, *uids, found.decode(errors="replace")).hex()
    return ObjectContext(sources=sources, seed=seed, version=version)


def _require_one_patient(sources: Iterable[Dataset]) -> None:
    """Refuse images that are not all of one patient and study: their result has no place in an archive."""
    for keyword in ("PatientID", "IssuerOfPatientID", "StudyInstanceUID"):
        found = {text_of(source, keyword) for source in sources}
        if len(found) > 1:
            raise InputError(
                f"the images disagree on {keyword} ({len(found)} different values), so that a result could be filed "
                "under the wrong patient; correct their headers, or score without files for other systems"
            )


def _read_headers(places: Iterable[tuple[Path, str | None]]) -> Iterable[Dataset]:
    with tolerant_reading(), open_images() as open_one:
        for path, member in places:
            name = member or path.name
            try:
                with open_one(path, member) as stream:
                    yield _read_header(stream, name)
            except InputError:
                raise
            except (*UNREADABLE_FILE, *UNREADABLE, InvalidDicomError) as error:
                raise InputError(f"{name} can not be read as DICOM; DICOM results need DICOM images") from error


def _read_header(stream: BufferedIOBase, name: str) -> Dataset:
    """Read a header as the readers of CT and films do: with or without a preamble."""
    start = stream.read(132)
    stream.seek(0)
    if not looks_like_dicom(start):
        raise InputError(f"{name} is no DICOM; DICOM results need DICOM images")
    header = dcmread(cast(BinaryIO, stream), force=True, stop_before_pixels=True)
    silent = [keyword for keyword in IDENTIFIERS if not text_of(header, keyword)]
    if silent:
        raise InputError(f"{name} has no {', '.join(silent)}, so that nothing can refer to it")
    return header


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
