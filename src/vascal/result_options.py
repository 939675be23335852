"""What is written for each scored series or film, beside `score.json`, the picture and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from vascal.errors import InputError, MissingExtraError
from vascal.io.objects.context import ObjectKind
from vascal.io.objects.seg import SegLayout, layout_number
from vascal.render.language import LanguageCode
from vascal.render.risk_section import language_of

KINDS: tuple[ObjectKind, ...] = get_args(ObjectKind)
ANATOMY_FILE, PDF_FILE, FHIR_FILE, HL7_FILE = "anatomy.nii.gz", "report.pdf", "fhir.json", "oru.hl7"
DICOM_FOLDER = "dicom"
SegLayoutName = Literal["full", "cropped", "deflated", "labelmap"]
SEG_LAYOUTS: Mapping[SegLayoutName, SegLayout] = MappingProxyType(
    {
        "full": SegLayout(),
        "cropped": SegLayout(is_cropped=True),
        "deflated": SegLayout(is_deflated=True),
        "labelmap": SegLayout(encoding="labelmap"),
    }
)
"""Frames as large as the images, which everything reads; cut to the calcium; deflated; or a label map of 2024."""
OBJECT_FILES: Mapping[ObjectKind, str] = MappingProxyType(
    {
        "seg": "seg.dcm",
        "sr": "sr.dcm",
        "pdf": "report.dcm",
        "capture": "picture.dcm",
        "key-objects": "key-objects.dcm",
    }
)
"""Files in the folder of DICOM objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOptions:
    """Which files are made of a result, and in which language people read it.

    Parameters
    ----------
    with_anatomy
        Whether to write `anatomy.nii.gz` and `anatomy.json`.
    with_saliency
        Whether to write `saliency.png`, where the learned finder was used.
    language
        Of the page and of what is printed from it; files for programs stay English.
    pdf
        Whether to print the page as `report.pdf`.
    objects
        DICOM objects to write into the folder `dicom`. They carry the patient's name and number, as PACS need them.
    seg_layout
        How a segmentation is stored; see `SEG_LAYOUTS`.
    fhir, hl7
        Whether to write `fhir.json` (FHIR R4) and `oru.hl7` (HL7 v2); they carry name and number as well.
    """

    with_anatomy: bool = False
    with_saliency: bool = False
    language: LanguageCode = "en"
    pdf: bool = False
    objects: tuple[ObjectKind, ...] = ()
    seg_layout: SegLayoutName = "full"
    fhir: bool = False
    hl7: bool = False

    @property
    def layout(self) -> SegLayout:
        """How a segmentation is stored."""
        return SEG_LAYOUTS[self.seg_layout]

    @property
    def needs_pdf(self) -> bool:
        """Whether the page is printed for any of the files."""
        return self.pdf or "pdf" in self.objects

    @property
    def names_patient(self) -> bool:
        """Whether a file is written that carries the patient's name and number."""
        return bool(self.objects) or self.fhir or self.hl7

    def is_all_there(self, folder: Path, saved: Mapping[str, Any]) -> bool:
        """Whether a finished folder holds what is asked for, as it is asked for.

        Parameters
        ----------
        folder
            Of one result.
        saved
            Content of its `score.json`. A CT without calcium has no segmentation; a film always has one.
        """
        is_film = saved.get("kind") == "aac"
        named = {
            ANATOMY_FILE: self.with_anatomy and not is_film,
            PDF_FILE: self.pdf,
            FHIR_FILE: self.fhir,
            HL7_FILE: self.hl7,
            **{f"{DICOM_FOLDER}/{OBJECT_FILES[kind]}": kind != "seg" for kind in self.objects},
            f"{DICOM_FOLDER}/{OBJECT_FILES['seg']}": "seg" in self.objects and (is_film or bool(saved["lesions"])),
        }
        is_there = all((folder / name).is_file() for name, is_wanted in named.items() if is_wanted)
        return is_there and self._is_in_language(folder) and (is_film or self._is_laid_out(folder))

    def _is_in_language(self, folder: Path) -> bool:
        page = folder / "report.html"
        return page.is_file() and language_of(page.read_text(encoding="utf-8", errors="replace")) == self.language

    def _is_laid_out(self, folder: Path) -> bool:
        path = folder / DICOM_FOLDER / OBJECT_FILES["seg"]
        return "seg" not in self.objects or not path.is_file() or layout_number(path) == self.layout.number


def parse_kinds(text: str) -> tuple[ObjectKind, ...]:
    """Read a list of kinds of objects, in their own order.

    Raises
    ------
    InputError
        If one is unknown.

    Examples
    --------
    >>> parse_kinds("sr, seg")
    ('seg', 'sr')
    """
    wanted = {word.strip() for word in text.split(",") if word.strip()}
    if unknown := sorted(wanted - set(KINDS)):
        raise InputError(f"no DICOM object is called {', '.join(unknown)}; there are {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in wanted)


def require_printer(options: ResultOptions) -> None:
    """Refuse to print where the optional printer is missing, before anything is scored.

    Raises
    ------
    MissingExtraError
        If a PDF was asked for.
    """
    if options.needs_pdf and find_spec("plutoprint") is None:
        rest = ",".join(kind for kind in KINDS if kind != "pdf")
        raise MissingExtraError(
            f"printing needs an optional part: pip install 'vascal[pdf]'; without it, leave out --pdf and name "
            f"the other objects: --objects {rest}"
        )
