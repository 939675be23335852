"""Draw simulated films side by side, with and without their truth: docs/explanation/img/simulated-films.png.

python -m bench.film_gallery [--out FILE] [--seeds 14 1 5 4] [--shifted 3]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vascal.simulate.xray.study import SimulatedFilm, draw_film, simulate_film
from vascal.wall_levels import WALLS

HEIGHT, GAP = 760, 10
COLOURS = {"anterior": (255, 122, 89), "posterior": (77, 171, 247)}
QUIET, BORDER = (110, 118, 129), (201, 156, 255)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("docs/explanation/img/simulated-films.png"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[14, 12, 20, 42])
    parser.add_argument("--shifted", type=int, nargs="*", default=[8])
    chosen = parser.parse_args()
    films = [simulate_film(draw_film(seed)) for seed in chosen.seeds]
    films += [simulate_film(draw_film(seed, shifted=True)) for seed in chosen.shifted]
    panels = [
        panel for number, film in enumerate(films) for panel in _panels(film, with_truth=number in {0, len(films) - 1})
    ]
    width = sum(panel.width for panel in panels) + GAP * (len(panels) - 1)
    sheet = Image.new("RGB", (width, HEIGHT + 34), "white")
    at = 0
    for panel in panels:
        sheet.paste(panel, (at, 0))
        at += panel.width + GAP
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(chosen.out, optimize=True)


def _panels(film: SimulatedFilm, *, with_truth: bool) -> list[Image.Image]:
    plain = Image.fromarray((film.brightness * 255).astype(np.uint8)).convert("RGB")
    kind = f"{film.plan.style}{', shifted set' if film.plan.is_shifted else ''}, {film.kvp:.0f} kVp"
    panels = [_label(plain, kind)]
    if with_truth:
        panels.append(
            _label(
                _mark(plain, film), f"AAC-24 {sum(film.truth.visible_grades)} of {sum(film.truth.grades)} to be seen"
            )
        )
    return panels


def _mark(plain: Image.Image, film: SimulatedFilm) -> Image.Image:
    marked = plain.copy()
    draw = ImageDraw.Draw(marked)
    wide = max(2, round(1.0 / film.truth.pixel_mm))
    for line in film.truth.level_bounds.tolist():
        draw.line([tuple(reversed(place)) for place in line], fill=BORDER, width=wide // 2 + 1)
    for name in WALLS:
        wall = film.truth.walls[name]
        for (row, column), hard, seen in zip(
            wall.points.tolist(), wall.is_calcified.tolist(), wall.is_visible.tolist(), strict=True
        ):
            size = wide if hard else wide / 3
            colour = COLOURS[name] if seen else (255, 214, 102) if hard else QUIET
            draw.ellipse((column - size, row - size, column + size, row + size), fill=colour)
    return marked


def _label(picture: Image.Image, text: str) -> Image.Image:
    width = round(picture.width * HEIGHT / picture.height)
    panel = Image.new("RGB", (width, HEIGHT + 34), "white")
    panel.paste(picture.resize((width, HEIGHT), Image.Resampling.LANCZOS), (0, 0))
    ImageDraw.Draw(panel).text((2, HEIGHT + 8), text, fill=(40, 44, 52), font=ImageFont.load_default(18))
    return panel


if __name__ == "__main__":
    main()
