"""Films in a file, a folder or an archive: what is there, what can be graded, and the pixels as brightness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BufferedIOBase
from pathlib import Path, PurePosixPath

from vascal.errors import InputError, PixelError, UnsupportedImageError, VascalError
from vascal.io.dicom_files import UNREADABLE_FILE, FileRef, Opener, find_files, open_images
from vascal.io.dicom_header import looks_like_dicom
from vascal.io.dicom_values import tolerant_reading
from vascal.io.film_header import claims_dicom, read_film_header, read_whole
from vascal.io.film_orientation import turn_upright
from vascal.io.film_pixels import read_brightness
from vascal.io.film_spacing import film_spacing, plain_spacing, require_stated
from vascal.io.plain_film import MARK_BYTES, plain_format, read_plain_header, read_plain_pixels
from vascal.radiograph import FilmFacts, Radiograph
from vascal.study import Patient, Refusal

PREAMBLE_BYTES = 132


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFilm:
    """A film whose header has been read and whose pixels have not.

    Parameters
    ----------
    path, member
        The file; the name inside it if it is an archive.
    subject
        How to name it to a person: relative to the input.
    key
        Names this film among others, the same on every run: its SOP Instance UID, or for files
        without one its path relative to the input, without the ending where that is unique.
    facts, patient
        What the header says.
    stated_spacing_mm
        What the user says.
    """

    path: Path
    member: str | None = None
    subject: str
    key: str
    facts: FilmFacts
    patient: Patient = field(default_factory=Patient)
    stated_spacing_mm: float | None = None

    def load(self) -> Radiograph:
        """Read the pixels.

        Returns
        -------
        Radiograph
            As a person would look at it: bone bright, the file's window applied, head up where the header tells.

        Raises
        ------
        PixelError
            If they are cut short, can not be decoded, or all are the same.
        UnsupportedImageError
            If the picture is in colour.
        InputError
            If the file is gone.
        """
        try:
            with tolerant_reading(), open_images() as open_image, open_image(self.path, self.member) as stream:
                if self.facts.source_format != "dicom":
                    spacing = plain_spacing(read_plain_header(stream).dpi, self.stated_spacing_mm)
                    stream.seek(0)
                    film = read_plain_pixels(stream)
                else:
                    dataset = read_whole(stream)
                    film = read_brightness(dataset)
                    spacing = film_spacing(dataset, film.pixels.shape[0], self.stated_spacing_mm)
        except VascalError:
            raise
        except UNREADABLE_FILE as error:
            raise InputError(f"the file can not be read ({type(error).__name__})") from error
        pixels, spacing_mm, orientation = turn_upright(film.pixels, spacing.mm, self.facts.patient_orientation)
        turned = ("turned so that the head is up",) if orientation != self.facts.patient_orientation else ()
        return Radiograph(
            pixels=pixels,
            spacing_mm=spacing_mm,
            spacing_source=spacing.source,
            facts=replace(self.facts, patient_orientation=orientation),
            patient=self.patient,
            notes=(*spacing.notes, *film.notes, *turned, *_weaknesses(self.facts)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSet:
    """The films of an input.

    Parameters
    ----------
    films
        Those that may be graded, in the order of study date, study, series and name.
    refusals
        Films that can not be, and why; their subject is the file relative to the input.
    claimed_series
        Series Instance UIDs of all DICOM films, refused ones included: whoever looks for CT
        in the same input has no need to refuse them again.
    """

    films: tuple[FoundFilm, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    claimed_series: frozenset[str] = frozenset()


def is_film(path: Path) -> bool:
    """Tell whether a single file is a film that `read_films` would claim: DX, CR ..., PNG, JPEG or TIFF.

    CT slices, folders, archives and files that can not be read are not.
    """
    try:
        if not path.is_file():
            return False
        with tolerant_reading(), path.open("rb") as stream:
            start = stream.read(PREAMBLE_BYTES)
            stream.seek(0)
            return claims_dicom(stream) if looks_like_dicom(start) else plain_format(start) is not None
    except OSError:
        return False


def read_films(path: Path, *, stated_spacing_mm: float | None = None) -> FilmSet:
    """Find the films in a file, a folder at any depth, or a zip archive.

    Only headers are read; of files that are no films, their first bytes.

    Parameters
    ----------
    path
        May hold anything else beside films; that is left alone, CT slices included.
    stated_spacing_mm
        Side of a pixel for files that do not say, mm; it outweighs those that do.

    Returns
    -------
    FilmSet
        Empty if there is no film. Among DICOM files, pictures without pixel spacing are taken for
        something else (a logo, an overlay) and left alone; elsewhere they are refused.

    Raises
    ------
    InputError
        If nothing is at `path`, the archive is damaged, or the stated spacing is none that a film has.
    """
    if stated_spacing_mm is not None:
        require_stated(stated_spacing_mm)
    claims: list[_Claim] = []
    pictures: list[_Claim] = []
    has_dicom = False
    with tolerant_reading(), open_images() as open_image:
        for file in find_files(path):
            start = _start(open_image, file)
            if looks_like_dicom(start):
                has_dicom = True
                claims.extend(_claim(open_image, file, stated_spacing_mm, _read_dicom))
            elif plain_format(start[:MARK_BYTES]) is not None:
                pictures.extend(_claim(open_image, file, stated_spacing_mm, _read_plain))
    if has_dicom:
        pictures = [claim for claim in pictures if claim.refusal is None]
    return _film_set(_with_short_keys(_without_copies([*claims, *pictures])))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A file that is a film, and why it can not be graded if so."""

    file: FileRef
    film: FoundFilm | None = None
    refusal: Refusal | None = None
    series_instance_uid: str = ""


_Read = Callable[[BufferedIOBase, FileRef, float | None], "_Claim | None"]


def _start(open_image: Opener, file: FileRef) -> bytes:
    """Read what tells a file's kind; nothing of a file that can not be read: it may be of any kind."""
    try:
        with open_image(file.path, file.member) as stream:
            return stream.read(PREAMBLE_BYTES)
    except (VascalError, *UNREADABLE_FILE):
        return b""


def _claim(open_image: Opener, file: FileRef, stated_mm: float | None, read: _Read) -> tuple[_Claim, ...]:
    """Read a header; what goes wrong becomes a refusal, in words that hold no path."""
    try:
        with open_image(file.path, file.member) as stream:
            claim = read(stream, file, stated_mm)
    except VascalError as error:
        claim = _Claim(file=file, refusal=_refusal(file, error))
    except UNREADABLE_FILE as error:
        problem = PixelError(f"the file can not be read ({type(error).__name__})")
        claim = _Claim(file=file, refusal=_refusal(file, problem))
    return () if claim is None else (claim,)


def _read_dicom(stream: BufferedIOBase, file: FileRef, stated_mm: float | None) -> _Claim | None:
    if not claims_dicom(stream):
        return None
    header = read_film_header(stream)
    series = header.facts.series_instance_uid
    if header.refusal is not None:
        return _Claim(file=file, refusal=_refusal(file, header.refusal, header.facts), series_instance_uid=series)
    film = FoundFilm(
        path=file.path,
        member=file.member,
        subject=file.subject,
        key=header.facts.sop_instance_uid or file.subject,
        facts=header.facts,
        patient=header.patient,
        stated_spacing_mm=stated_mm,
    )
    return _Claim(file=file, film=film, series_instance_uid=series)


def _read_plain(stream: BufferedIOBase, file: FileRef, stated_mm: float | None) -> _Claim:
    header = read_plain_header(stream)
    plain_spacing(header.dpi, stated_mm)  # refused now if it can not be found
    film = FoundFilm(
        path=file.path,
        member=file.member,
        subject=file.subject,
        key=file.subject,
        facts=FilmFacts(source_format=header.source_format, bits_stored=header.bits),
        stated_spacing_mm=stated_mm,
    )
    return _Claim(file=file, film=film)


def _refusal(file: FileRef, error: VascalError, facts: FilmFacts | None = None) -> Refusal:
    study = "" if facts is None else facts.study_instance_uid
    return Refusal(subject=file.subject, code=error.code, message=str(error), study_instance_uid=study)


def _without_copies(claims: list[_Claim]) -> list[_Claim]:
    """Keep the first file of each SOP Instance UID; say so of the others."""
    seen: set[str] = set()
    kept = []
    for claim in claims:
        uid = "" if claim.film is None else claim.film.facts.sop_instance_uid
        kept.append(_as_copy(claim) if uid and uid in seen else claim)
        seen.add(uid)
    return kept


def _as_copy(claim: _Claim) -> _Claim:
    error = UnsupportedImageError("a second file with the SOP Instance UID of a film that is read already")
    facts = None if claim.film is None else claim.film.facts
    return replace(claim, film=None, refusal=_refusal(claim.file, error, facts))


def _with_short_keys(claims: list[_Claim]) -> list[_Claim]:
    """Leave the ending out of keys that are file names, where no two become the same."""
    names = Counter(_stem(claim.file.subject) for claim in claims if claim.film is not None)
    return [
        replace(claim, film=replace(claim.film, key=_stem(claim.file.subject)))
        if claim.film is not None and claim.film.key == claim.file.subject and names[_stem(claim.file.subject)] == 1
        else claim
        for claim in claims
    ]


def _stem(subject: str) -> str:
    return PurePosixPath(subject).with_suffix("").as_posix()


def _film_set(claims: list[_Claim]) -> FilmSet:
    return FilmSet(
        films=tuple(sorted((one.film for one in claims if one.film is not None), key=_order)),
        refusals=tuple(one.refusal for one in claims if one.refusal is not None),
        claimed_series=frozenset(one.series_instance_uid for one in claims if one.series_instance_uid),
    )


def _order(film: FoundFilm) -> tuple[str, str, int, str]:
    number = film.facts.series_number
    return (film.facts.study_date, film.facts.study_instance_uid, -1 if number is None else number, film.subject)


def _weaknesses(facts: FilmFacts) -> tuple[str, ...]:
    """Say what is usable, but worth knowing."""
    found = []
    if facts.image_type[:1] == ("DERIVED",):
        found.append(f"Image Type is {chr(92).join(facts.image_type)}: pixels were derived from other images")
    if facts.view_position.upper() in ("LLD", "RLD"):
        found.append("a decubitus position: the header does not say which way the beam went")
    return tuple(found)
