"""Reading a series: vascal against a bare pydicom loop, in the same run.

Both read the same 400 slices of 512 x 512 from the same folder into one int16
array ordered by position. The bare loop is the least a reader can do: dcmread,
sort, pixel_array, rescale in place; it checks nothing. Every run is a fresh
process; the shortest time and the highest memory of the runs count, and each
run's pixels must be the same.

    python bench/bench_read.py [--slices 400] [--runs 5] [--encodings native RLE] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

SYNTAXES = {
    "native": "1.2.840.10008.1.2.1",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}
SHAPE = (512, 512)
TIME_LIMIT = 1.2
MEMORY_LIMIT = 1.5


def write_series(folder: Path, syntax: str, slices: int) -> None:
    """Write noise around anatomy-like levels: 12 bits stored, headers of about 100 attributes."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    random = np.random.default_rng(7)
    base = np.full(SHAPE, 24, dtype=np.uint16)
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    base[(rows - 256) ** 2 / 4 + (columns - 256) ** 2 / 9 < 75**2] = 1064
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for number in range(slices):
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.2")
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.Modality, ds.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.KVP, ds.ConvolutionKernel, ds.SliceThickness = "120", "B35f", "3"
        ds.ImagePositionPatient = [-180.0, -180.0, 3.0 * number]
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.PixelSpacing, (ds.Rows, ds.Columns) = [0.7, 0.7], SHAPE
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
        ds.RescaleSlope, ds.RescaleIntercept = "1", "-1024"
        block = ds.private_block(0x0029, "BENCH", create=True)
        for element in range(60):
            block.add_new(element, "LO", f"private value {element}")
        pixels = base + random.integers(0, 40, SHAPE, dtype=np.uint16)
        ds.PixelData = pixels.tobytes()
        ds["PixelData"].VR = "OW"
        if syntax != ExplicitVRLittleEndian:
            ds.compress(syntax, generate_instance_uid=False)
        name = f"{(number * 7919) % slices:04d}.dcm"
        ds.save_as(folder / name, enforce_file_format=True)


def read_with_vascal(folder: Path) -> np.ndarray:
    from vascal.io.dicom import read_studies, read_volume

    return read_volume(read_studies(folder)[0].series[0]).hu


def read_with_bare_loop(folder: Path) -> np.ndarray:
    from pydicom import dcmread

    headers = []
    for path in folder.iterdir():
        ds = dcmread(path, stop_before_pixels=True, specific_tags=["ImagePositionPatient"])
        headers.append((float(ds.ImagePositionPatient[2]), path))
    headers.sort()
    hu = np.empty((len(headers), *SHAPE), dtype=np.int16)
    for index, (_, path) in enumerate(headers):
        ds = dcmread(path)
        hu[index] = ds.pixel_array
        hu[index] *= np.int16(ds.RescaleSlope)
        hu[index] += np.int16(ds.RescaleIntercept)
    return hu


def read_with_one_pass(folder: Path) -> np.ndarray:
    """Parse each file once and keep the parsed objects: fast, but all files stay in memory."""
    from pydicom import dcmread

    files = sorted((dcmread(path) for path in folder.iterdir()), key=lambda ds: float(ds.ImagePositionPatient[2]))
    hu = np.empty((len(files), *SHAPE), dtype=np.int16)
    for index, ds in enumerate(files):
        hu[index] = ds.pixel_array
        hu[index] *= np.int16(ds.RescaleSlope)
        hu[index] += np.int16(ds.RescaleIntercept)
    return hu


READERS = {
    "vascal": read_with_vascal,
    "pydicom, sorted first": read_with_bare_loop,
    "pydicom, parsed once": read_with_one_pass,
}


def run_reader(name: str, folder: Path) -> None:
    """Time one reader in this process and print what it took."""
    import pydicom  # noqa: F401  imports are not reading: both sides have them before the clock starts

    if name == "vascal":
        import vascal.io.dicom  # noqa: F401
    start = time.perf_counter()
    hu = READERS[name](folder)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, "crc": zlib.crc32(np.ascontiguousarray(hu))}))


def measure(name: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--reader", name, "--folder", str(folder)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(encoding: str, slices: int, runs: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_series(folder, SYNTAXES[encoding], slices)
        taken: dict[str, list[dict[str, float]]] = {name: [] for name in READERS}
        for _ in range(runs):
            for name in READERS:
                taken[name].append(measure(name, folder))
    if len({one["crc"] for runs_of_one in taken.values() for one in runs_of_one}) != 1:
        raise SystemExit(f"{encoding}: the readers disagree on the pixels")
    result: dict[str, object] = {"encoding": encoding, "slices": slices, "runs": runs}
    for name, those in taken.items():
        result[name] = {
            "seconds": min(one["seconds"] for one in those),
            "peak_mb": max(one["peak_mb"] for one in those),
        }
    return result


def table(results: list[dict[str, object]]) -> str:
    lines = [
        "| encoding | reader | seconds | peak MB | vascal's time ratio | vascal's memory ratio |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        ours = result["vascal"]
        for name in READERS:
            one = result[name]
            lines.append(
                f"| {result['encoding']} | {name} | {one['seconds']:.2f} | {one['peak_mb']:.0f} "
                f"| {ours['seconds'] / one['seconds']:.2f} | {ours['peak_mb'] / one['peak_mb']:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--encodings", nargs="+", choices=SYNTAXES, default=list(SYNTAXES))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--reader", choices=READERS)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.reader:
        run_reader(arguments.reader, arguments.folder)
        return
    results = [compare(encoding, arguments.slices, arguments.runs) for encoding in arguments.encodings]
    print(table(results))
    print(f"\nWanted: time ratio at most {TIME_LIMIT}, memory ratio at most {MEMORY_LIMIT}.")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
