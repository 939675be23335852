"""Drawn letters in simulated films and CT slices: how many lines are found, how much of their ink, and false alarms.

Each picture is looked at without text and with one line that Pillow draws: 10 to 60 pixels, white, black or grey,
with and without smooth edges, at the border or anywhere, bare or on a box, a quarter of them under noise. Limits of
the finder were set on the pictures of `--set tuning` only. The contrast of a line is that of its letters against the
middle of what they stand on, as a share of the full scale.

    python -m bench.burned_in [--set held-out] [--films 200] [--scans 20] [--real FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import io
import json
import string
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import matplotlib
import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFont

from vascal.io.deid.drawn_text import find_drawn_text
from vascal.simulate.ct.patient import draw_patient
from vascal.simulate.ct.protocol import choose_protocol
from vascal.simulate.ct.scan import scan_patient
from vascal.simulate.xray.study import draw_film, simulate_film

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
TUNED = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "Pillow", "Pillow's bitmap")
UNSEEN = ("DejaVuSerif", "STIXGeneral", "DejaVuSans-Oblique")
SEEDS = {"tuning": 50000, "held-out": 70000}
PROTOCOLS = ("gated", "chest", "low-dose", "abdomen", "pet-ac")
CONTRASTS = (0.0, 0.1, 0.15, 0.25, 0.5, 1.01)
FOUND, COVERED = 0.3, 0.95
LIMITS_SIZE = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    kind: str
    number: int
    pixels: np.ndarray = field(repr=False)
    low: float
    high: float
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Writing:
    text: str
    font: str
    size: int
    is_smooth: bool
    value: float
    on_box: bool


def films(first: int, count: int) -> Iterator[Picture]:
    """Simulated films without the words that every written one bears; two in five enlarged to the size of real ones."""
    with mock.patch("vascal.simulate.xray.study.burn_in", lambda picture, _: picture):
        for seed in range(first, first + count):
            film = simulate_film(draw_film(seed, shifted=seed % 4 == 3))
            top = 2**film.bits_stored - 1
            pixels = film.stored.astype(np.uint8) if film.bits_stored == 8 else film.stored
            pixels = enlarge(pixels, (1, 1, 1, 2, 3)[seed % 5], np.random.default_rng(seed), top)
            yield Picture(kind="film", number=seed, pixels=pixels, low=0, high=top, noise=0.01 * top)


def enlarge(pixels: np.ndarray, times: int, rng: np.random.Generator, top: int) -> np.ndarray:
    if times == 1:
        return pixels
    size = (pixels.shape[1] * times, pixels.shape[0] * times)
    larger = np.asarray(Image.fromarray(pixels.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    noisy = larger + rng.normal(0, 0.004 * top, larger.shape)
    return np.clip(np.rint(noisy), 0, top).astype(pixels.dtype)


def slices(first: int, count: int) -> Iterator[Picture]:
    """Ten slices of each simulated scan, HU."""
    for seed in range(first, first + count):
        hu = scan_patient(draw_patient(seed), choose_protocol(PROTOCOLS[seed % len(PROTOCOLS)])).volume.hu
        for index in np.linspace(0, len(hu) - 1, 10).astype(int).tolist():
            white = (3071, 2000, int(hu[index].max()))[index % 3]
            yield Picture(kind="slice", number=1000 * seed + index, pixels=hu[index], low=-1024, high=white, noise=12)


def draw_writing(rng: np.random.Generator, fonts: tuple[str, ...], picture: Picture) -> Writing:
    size = round(float(np.exp(rng.uniform(np.log(10), np.log(60)))))
    shade = (1.0, 0.0, rng.uniform(0.25, 0.75))[rng.integers(3)]
    return Writing(
        text=draw_words(rng),
        font=str(rng.choice(fonts)),
        size=size,
        is_smooth=bool(rng.random() < 0.7),
        value=picture.low + shade * (picture.high - picture.low),
        on_box=bool(rng.random() < 0.25),
    )


def draw_words(rng: np.random.Generator) -> str:
    def some(letters: str, count: int) -> str:
        return "".join(rng.choice(list(letters), count))

    digits, capitals, small = string.digits, string.ascii_uppercase, string.ascii_lowercase
    return str(
        rng.choice(
            [
                f"{some(capitals, 6)}^{some(capitals, 4)}",
                f"{some(capitals, 1)}{some(small, 6)}, {some(capitals, 1)}{some(small, 4)}",
                f"{some(digits, 2)}.{some(digits, 2)}.{some(digits, 4)}",
                f"{some(digits, 4)}-{some(digits, 2)}-{some(digits, 2)} {some(digits, 2)}:{some(digits, 2)}",
                f"ID {some(digits, 7)}",
                f"Acc: {some(digits, 6)}",
                f"M {some(digits, 2)}Y",
                f"{some(capitals, 1)}{some(small, 5)} Hospital",
            ]
        )
    )


def open_font(writing: Writing) -> Any:
    if writing.font == "Pillow":
        return ImageFont.load_default(writing.size)
    if writing.font == "Pillow's bitmap":
        return ImageFont.load_default_imagefont()
    return ImageFont.truetype(str(FONTS / f"{writing.font}.ttf"), writing.size)


def write(picture: Picture, writing: Writing, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Draw a line of text; give the pixels, where ink is, and its contrast."""
    font, (rows, columns) = open_font(writing), picture.pixels.shape
    left, top, right, bottom = font.getbbox(writing.text)
    height, width = int(bottom - top) + 1, int(right - left) + 1
    row, column = place(rng, (max(1, rows - height), max(1, columns - width)))
    canvas = Image.new("L", (columns, rows), 0)
    pen = ImageDraw.Draw(canvas)
    pen.fontmode = "L" if writing.is_smooth else "1"
    pen.text((column - left, row - top), writing.text, fill=255, font=font)
    share, pixels = np.asarray(canvas) / 255.0, picture.pixels.astype(np.float64)
    around = np.s_[max(0, row - 3) : row + height + 3, max(0, column - 3) : column + width + 3]
    if writing.on_box:
        middle = (picture.low + picture.high) / 2
        pixels[around] = picture.high if writing.value < middle else picture.low
    contrast = abs(writing.value - float(np.median(pixels[around]))) / (picture.high - picture.low)
    pixels = pixels * (1 - share) + writing.value * share
    if rng.random() < 0.25:
        pixels += rng.normal(0, picture.noise, pixels.shape)
    return _stored(pixels, picture), share > 0.5, contrast


def place(rng: np.random.Generator, room: tuple[int, int]) -> tuple[int, int]:
    if rng.random() < 0.5:
        return int(rng.integers(room[0])), int(rng.integers(room[1]))
    margin = int(rng.integers(2, 12))
    at = [margin if rng.random() < 0.5 else most - margin for most in room]
    return int(np.clip(at[0], 0, room[0] - 1)), int(np.clip(at[1], 0, room[1] - 1))


def _stored(pixels: np.ndarray, picture: Picture) -> np.ndarray:
    return np.clip(np.rint(pixels), picture.low, picture.high).astype(picture.pixels.dtype)


def covered_share(pixels: np.ndarray, ink: np.ndarray) -> float:
    inside = np.zeros(ink.shape, dtype=bool)
    for line in find_drawn_text(pixels):
        inside[line.top : line.bottom, line.left : line.right] = True
    return float((inside & ink).sum() / max(1, ink.sum()))


def look(picture: Picture, fonts: tuple[str, ...]) -> dict[str, Any]:
    """Look at one picture without and with text."""
    rng = np.random.default_rng(picture.number)
    start = time.process_time()
    alarms = len(find_drawn_text(picture.pixels))
    seconds = time.process_time() - start
    writing = draw_writing(rng, fonts, picture)
    pixels, ink, contrast = write(picture, writing, rng)
    return {
        "kind": picture.kind,
        "alarms": alarms,
        "seconds": seconds,
        "pixels": picture.pixels.size,
        "font": writing.font,
        "contrast": contrast,
        "covered": covered_share(pixels, ink),
    }


def turned(degrees: float) -> Callable[[Picture, np.random.Generator], tuple[np.ndarray, np.ndarray]]:
    def draw(picture: Picture, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = picture.pixels.shape
        canvas = Image.new("L", (columns, rows), 0)
        font = ImageFont.load_default(LIMITS_SIZE)
        ImageDraw.Draw(canvas).text((columns // 4, rows // 2), draw_words(rng), fill=255, font=font)
        share = np.asarray(canvas.rotate(degrees, Image.Resampling.BICUBIC)) / 255.0
        mixed = picture.pixels * (1 - share) + picture.high * share
        return _stored(mixed, picture), share > 0.5

    return draw


def lossy(quality: int) -> Callable[[Picture, np.random.Generator], tuple[np.ndarray, np.ndarray]]:
    def draw(picture: Picture, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        pixels, ink = turned(0)(picture, rng)
        shown = ((pixels - picture.low) * (255 / (picture.high - picture.low))).clip(0, 255).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(shown).save(stream, "JPEG", quality=quality)
        return np.asarray(Image.open(stream)), ink

    return draw


def tiny(size: int) -> Callable[[Picture, np.random.Generator], tuple[np.ndarray, np.ndarray]]:
    def draw(picture: Picture, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        writing = Writing(
            text=draw_words(rng), font="DejaVuSans", size=size, is_smooth=True, value=picture.high, on_box=True
        )
        pixels, ink, _ = write(picture, writing, rng)
        return pixels, ink

    return draw


LIMITS = {
    "upright": turned(0),
    "turned by 2 degrees": turned(2),
    "turned by 5 degrees": turned(5),
    "turned by 10 degrees": turned(10),
    "turned by 90 degrees": turned(90),
    "JPEG, quality 95": lossy(95),
    "JPEG, quality 85": lossy(85),
    "JPEG, quality 70": lossy(70),
    "7 pixels, on a box": tiny(7),
    "8 pixels, on a box": tiny(8),
    "9 pixels, on a box": tiny(9),
}
"""White text that is easy to find, made harder."""


def sum_up(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Count alarms, and what was found by contrast and by font."""
    result: dict[str, Any] = {
        "pictures": len(rows),
        "pictures_with_false_alarm": sum(row["alarms"] > 0 for row in rows),
        "cpu_seconds_per_megapixel": sum(row["seconds"] for row in rows) / sum(row["pixels"] for row in rows) * 1e6,
    }
    groups = {
        f"contrast {low:g} to {high if high <= 1 else 1:g}": [row for row in rows if low <= row["contrast"] < high]
        for low, high in pairwise(CONTRASTS)
    }
    clear = [row for row in rows if row["contrast"] >= 0.25]
    groups |= {"contrast 0.25 or more": clear}
    groups |= {f"of these {name}": [row for row in clear if row["font"] == name] for name in (*TUNED, *UNSEEN)}
    result["lines"] = {
        name: {
            "lines": len(group),
            "found": sum(row["covered"] > FOUND for row in group),
            "covered": sum(row["covered"] >= COVERED for row in group),
        }
        for name, group in groups.items()
        if group
    }
    return result


def look_at_real(folder: Path) -> dict[str, int]:
    """Count pictures of real scans, and those in which text is found."""
    counts = {"pictures": 0, "pictures_with_alarm": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            try:
                dataset = pydicom.dcmread(file)
                pixels = dataset.pixel_array
            except Exception:  # noqa: BLE001 - not an image, whatever else it is
                continue
            if dataset.get("Modality") == "SEG":
                continue
            for picture in pixels if pixels.ndim == 3 else pixels[None]:
                counts["pictures"] += 1
                counts["pictures_with_alarm"] += bool(find_drawn_text(picture))
    return counts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", choices=SEEDS, default="held-out")
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--scans", type=int, default=20)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    first = SEEDS[chosen.set]
    fonts = TUNED if chosen.set == "tuning" else (*TUNED, *UNSEEN)
    found: dict[str, Any] = {"set": chosen.set}
    harder = {name: [0, 0, 0] for name in LIMITS}
    rows = []
    for picture in films(first, chosen.films):
        rows.append(look(picture, fonts))
        if picture.number % 2 == 0:
            for name, draw in LIMITS.items():
                share = covered_share(*draw(picture, np.random.default_rng(picture.number)))
                harder[name] = [a + b for a, b in zip(harder[name], (1, share > FOUND, share >= COVERED), strict=True)]
    found["simulated films"] = sum_up(rows)
    found["simulated slices"] = sum_up([look(picture, fonts) for picture in slices(first, chosen.scans)])
    found["harder, on films"] = {
        name: dict(zip(("lines", "found", "covered"), map(int, counts), strict=True)) for name, counts in harder.items()
    }
    if chosen.real:
        found["real scans"] = look_at_real(chosen.real)
    print(json.dumps(found, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
