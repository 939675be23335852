"""Four programs de-identify one seeded study; every answer is looked up in the files that they wrote.

    pip install dicom-anonymizer dicognito deid
    python -m bench.deidentification [--json FILE]

The study is made here: two CT studies of one patient, 30 days apart, whose headers repeat the patient wherever scanners
do; a structured report; and an image that says that its pixels hold text. Each program runs as its own documentation
starts it, with what it offers for private attributes and dates turned on.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, BasicTextSRStorage, CTImageStorage, ExplicitVRLittleEndian

NAME, ID, ROOT = "Zyxwvutsr", "ZQ-4711-88", "1.2.826.0.1.3680043.9.7777"
DAYS = ("20200301", "20200331")
OPERATOR = "Quintusmann"


def make_ct(study: int, index: int) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.Modality, ds.ImageType = CTImageStorage, "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPInstanceUID = f"{ROOT}.{study}.1.{index + 1}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{ROOT}.{study}", f"{ROOT}.{study}.1"
    ds.FrameOfReferenceUID = f"{ROOT}.{study}.9"
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = DAYS[study - 1]
    ds.StudyTime, ds.AccessionNumber, ds.StudyID = "101112", "ACC-998877", "55"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = f"{NAME}^Anna", ID, "19260913"
    ds.PatientSex, ds.PatientAge, ds.PatientComments = "F", "093Y", f"{NAME} came late"
    ds.ReferringPhysicianName, ds.OperatorsName = "Referrer^Rita", f"{OPERATOR}^Otto"
    ds.InstitutionName, ds.StationName, ds.DeviceSerialNumber = "House of Healing", "CT-ROOM-9", "SN-1234567"
    ds.Manufacturer, ds.ManufacturerModelName = "Maker", "Model 7"
    ds.SoftwareVersions, ds.ConvolutionKernel = f"7.1 for {NAME}", "Qr36f"
    ds.SeriesDescription, ds.ProtocolName, ds.ImageComments = f"CaSc {NAME}", "CaSc by Otto", "see letter to Rita"
    ds.DetectorDescription = f"seen with {OPERATOR}"
    ds.OtherPatientIDsSequence = Sequence([_item(PatientID=ID, IssuerOfPatientID="House of Healing")])
    reference = _item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=f"{ROOT}.{study}.1.1")
    reference.PatientComments = f"beside {NAME}"
    ds.ReferencedImageSequence = Sequence([reference])
    ds.private_block(0x0029, "SOMEBODY", create=True).add_new(0x01, "LO", NAME)
    ds.add_new(0x00181FFE, "LO", f"newer than the dictionary: {NAME}")
    ds.add_new(0x60003000, "OW", b"\0\1" * 8)
    ds.InstanceNumber, ds.ImagePositionPatient, ds.ImageOrientationPatient = (
        index + 1,
        [0, 0, 3 * index],
        [1, 0, 0, 0, 1, 0],
    )
    ds.PixelSpacing, ds.SliceThickness, ds.KVP = [0.5, 0.5], "3", "120"
    ds.Rows = ds.Columns = 16
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.RescaleSlope, ds.RescaleIntercept = 16, 12, 11, "1", "-1024"
    ds.PixelData = (np.arange(256, dtype=np.uint16) + index).tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def _item(**attributes: object) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def make_report() -> Dataset:
    ds = make_ct(1, 7)
    for keyword in ("PixelData", "Rows", "Columns"):
        del ds[keyword]
    ds.SOPClassUID, ds.Modality, ds.SeriesInstanceUID = BasicTextSRStorage, "SR", f"{ROOT}.1.2"
    ds.ContentSequence = Sequence([_item(ValueType="TEXT", TextValue=f"{NAME} has calcium")])
    return ds


def make_captured() -> Dataset:
    ds = make_ct(1, 8)
    ds.SeriesInstanceUID, ds.BurnedInAnnotation = f"{ROOT}.1.3", "YES"
    return ds


def write_study(folder: Path) -> None:
    objects = {f"{NAME}-{s}-{k}": make_ct(s, k) for s in (1, 2) for k in (0, 1)}
    for name, ds in {**objects, "report": make_report(), "captured": make_captured()}.items():
        ds.preamble = f"{NAME:<128}".encode()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
            ds.SOPClassUID,
            ds.SOPInstanceUID,
        )
        ds.file_meta.SourceApplicationEntityTitle = "HEALING_CT"
        folder.mkdir(parents=True, exist_ok=True)
        ds.save_as(folder / f"{name}.dcm", enforce_file_format=True)


def run_vascal(source: Path, out: Path, secret: str) -> None:
    key = out.parent / f"{out.name}.key"
    key.write_text(secret)
    command = [sys.executable, "-m", "vascal", "deidentify", source, "--out", out, "--key-file", key]
    subprocess.run([*map(str, command), "--dates", "shift"], check=False, capture_output=True)


def run_dicom_anonymizer(source: Path, out: Path, _secret: str) -> None:
    from dicomanonymizer import simpledicomanonymizer as tool

    tool.dictionary.clear()  # as in a new process
    out.mkdir()
    for path in sorted(source.iterdir()):
        with contextlib.suppress(NotImplementedError):
            tool.anonymize_dicom_file(
                str(path), str(out / path.name), base_rules_gen=lambda: tool.initialize_actions("dicomfields_2026c")
            )


def run_dicognito(source: Path, out: Path, secret: str) -> None:
    command = [sys.executable, "-m", "dicognito", str(source), "-o", str(out), "--seed", secret, "--quiet"]
    guard = ["--assume-burned-in-annotation", "if-yes", "--on-burned-in-annotation", "fail"]
    first = subprocess.run([*command, *guard], check=False, capture_output=True)
    if first.returncode:  # it stops at the first image with text, so that one is taken out by hand
        for path in source.glob("captured*"):
            path.unlink()
        subprocess.run(command, check=True, capture_output=True)


def run_deid(source: Path, out: Path, _secret: str) -> None:
    from deid.dicom import get_identifiers, replace_identifiers

    out.mkdir()
    files = [str(path) for path in sorted(source.iterdir())]
    ids = get_identifiers(files)
    replace_identifiers(
        dicom_files=files, ids=ids, save=True, output_folder=str(out), overwrite=True, remove_private=True
    )


TOOLS: dict[str, Callable[[Path, Path, str], None]] = {
    "vascal": run_vascal,
    "dicom_anonymizer": run_dicom_anonymizer,
    "dicognito": run_dicognito,
    "deid": run_deid,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a program wrote: every file's place and bytes, and the CT images among them by study and slice."""

    files: dict[str, bytes]
    images: dict[tuple[int, int], Dataset]
    reports: int
    captured: int

    @property
    def all_bytes(self) -> bytes:
        return b"\n".join(self.files.values()).lower()


def read_written(folder: Path) -> Written:
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    images: dict[tuple[int, int], Dataset] = {}
    reports = captured = 0
    for content in files.values():
        if content[128:132] != b"DICM":
            continue
        ds = pydicom.dcmread(io.BytesIO(content), force=True)
        if ds.get("Modality") == "SR":
            reports += 1
        elif ds.get("BurnedInAnnotation") == "YES":
            captured += 1
        else:
            k = int(ds.InstanceNumber) - 1
            study = 1 + ((1, k) in images)
            images[study, k] = ds
    return Written(files=files, images=images, reports=reports, captured=captured)


def holds(written: Written, *texts: str) -> bool:
    return any(text.encode().lower() in written.all_bytes for text in texts)


def every(written: Written, asked: Callable[[Dataset], object]) -> bool:
    return len(written.images) == 4 and all(bool(asked(ds)) for ds in written.images.values())


def _is_new(ds: Dataset, keyword: str) -> bool:
    return bool(ds.get(keyword)) and not str(ds.get(keyword)).startswith(ROOT) and UID(ds.get(keyword)).is_valid


def _references_hold(written: Written) -> bool:
    instances = _uids(written)

    def points_inside(ds: Dataset) -> bool:
        items = ds.get("ReferencedImageSequence") or ()
        return bool(items) and all(str(item.get("ReferencedSOPInstanceUID")) in instances for item in items)

    return every(written, points_inside)


def _interval(written: Written) -> int | None:
    from datetime import datetime

    days = sorted({str(ds.get("StudyDate") or "") for ds in written.images.values()})
    try:
        first, last = (datetime.strptime(day, "%Y%m%d") for day in days)  # noqa: DTZ007
    except ValueError:
        return None
    return (last - first).days


def _dates_gone(written: Written) -> bool:
    return not holds(written, *DAYS)


PIXELS = {make_ct(1, k).PixelData for k in (0, 1)}
IDENTIFIERS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
Runs = dict[str, Written]
QUESTIONS: dict[str, Callable[[Runs], object]] = {
    "patient's name and ID in no byte of any file": lambda r: not holds(r["a"], NAME, ID),
    "patient's name in no file name": lambda r: not any(NAME in name for name in r["a"].files),
    "private attributes gone": lambda r: every(r["a"], lambda ds: not [e for e in ds.iterall() if e.tag.is_private]),
    "comments and descriptions gone": lambda r: not holds(r["a"], "came late", "see letter", "CaSc"),
    "free text outside the standard's table gone": lambda r: not holds(r["a"], OPERATOR),
    "a name inside a technical text gone": lambda r: every(
        r["a"], lambda ds: NAME not in str(ds.get("SoftwareVersions"))),
    "an attribute that no dictionary knows gone": lambda r: every(r["a"], lambda ds: 0x00181FFE not in ds),
    "institution, station and serial number gone": lambda r: not holds(
        r["a"], "House of Heal", "CT-ROOM", "SN-1234567"),
    "identifiers in nested items gone": lambda r: every(
        r["a"], lambda ds: not [e for e in ds.iterall() if str(e.value) in (ID, f"beside {NAME}")]),
    "overlays gone": lambda r: every(r["a"], lambda ds: 0x60003000 not in ds),
    "age above 89 years gone or limited": lambda r: every(r["a"], lambda ds: str(ds.get("PatientAge", "")) != "093Y"),
    "study dates gone or moved": lambda r: _dates_gone(r["a"]),
    "days between two studies of a patient kept": lambda r: _interval(r["a"]) == 30,
    "study, series, instance and frame UIDs new and valid": lambda r: every(r["a"], lambda ds: all(
        _is_new(ds, word) for word in IDENTIFIERS)),
    "references in sequences follow their images": lambda r: _references_hold(r["a"]),
    "same names on a second run, same secret": lambda r: len(_uids(r["a"])) == 4 and _uids(r["a"]) == _uids(r["again"]),
    "other names under another secret": lambda r: len(_uids(r["a"]) | _uids(r["other"])) == 8,
    "Patient Identity Removed is YES": lambda r: every(r["a"], lambda ds: ds.get("PatientIdentityRemoved") == "YES"),
    "method stated, as codes": lambda r: every(r["a"], lambda ds: ds.get("DeidentificationMethodCodeSequence")),
    "what became of dates stated": lambda r: every(
        r["a"], lambda ds: ds.get("LongitudinalTemporalInformationModified")),
    "sending application and preamble gone": lambda r: not holds(r["a"], "HEALING_CT") and all(
        not any(content[:128]) for content in r["a"].files.values() if content[128:132] == b"DICM"),
    "text of a structured report gone": lambda r: not holds(r["a"], "has calcium"),
    "structured report still there": lambda r: r["a"].reports == 1,
    "image that says its pixels hold text left out": lambda r: r["a"].captured == 0,
    "pixels the same bytes": lambda r: every(r["a"], lambda ds: ds.PixelData in PIXELS),
    "maker, model and kernel kept": lambda r: every(
        r["a"], lambda ds: (ds.get("Manufacturer"), ds.get("ConvolutionKernel")) == ("Maker", "Qr36f")),
}  # fmt: skip


def _uids(written: Written) -> set[str]:
    return {str(ds.SOPInstanceUID) for ds in written.images.values() if ds.get("SOPInstanceUID")}


def ask(name: str, run: Callable[[Path, Path, str], None], folder: Path) -> dict[str, bool]:
    runs: Runs = {}
    for label, secret in (
        ("a", "the first secret key"),
        ("again", "the first secret key"),
        ("other", "another secret 2"),
    ):
        source, out = folder / name / label / "in", folder / name / label / "out"
        write_study(source)
        run(source, out, secret)
        runs[label] = read_written(out)
    return {question: bool(answer(runs)) for question, answer in QUESTIONS.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        answers = {name: ask(name, run, Path(folder)) for name, run in TOOLS.items()}
    versions = {name: version(name) for name in TOOLS}
    print("| | " + " | ".join(f"{name} {versions[name]}" for name in TOOLS) + " |\n|---" + "|---" * len(TOOLS) + "|")
    for question in QUESTIONS:
        print(f"| {question} | " + " | ".join("yes" if answers[name][question] else "**no**" for name in TOOLS) + " |")
    print(
        "| **yes of all** | "
        + " | ".join(f"{sum(answers[name].values())} of {len(QUESTIONS)}" for name in TOOLS)
        + " |"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps({"versions": versions, "answers": answers}, indent=1) + "\n")


if __name__ == "__main__":
    main()
