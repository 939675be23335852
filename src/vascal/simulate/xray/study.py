"""One simulated film: a plan that can be repeated, and the film with its truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from vascal.errors import SimulationError
from vascal.radiograph import Radiograph
from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.display import (
    Display,
    Look,
    burn_in,
    close_shutters,
    show,
    shutter_mask,
    store,
    turn_labels,
    turn_picture,
)
from vascal.simulate.xray.exposure import Technique, add_quanta, expose
from vascal.simulate.xray.habits import SHIFTED, STYLES, TRAINING, Habits, Style
from vascal.simulate.xray.scene import build_scene, sum_scene, turn_to_front
from vascal.simulate.xray.truth import FilmTruth, measure_truth


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPlan:
    """What is simulated; the same plan gives the same film.

    Parameters
    ----------
    seed
        Of everything that is drawn.
    style
        ``lumbar`` (spine in narrow shutters), ``abdomen`` (wide field) or ``dxa``.
    is_shifted
        Drawn from `SHIFTED`, which no training may see.
    total
        AAC-24 to draw; any, each as likely, unless given.
    """

    seed: int
    style: Style = "lumbar"
    is_shifted: bool = False
    total: int | None = None

    @property
    def habits(self) -> Habits:
        """Ranges that the film is drawn from."""
        return SHIFTED if self.is_shifted else TRAINING


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedFilm:
    """A film as a file would hold it, and its truth.

    Parameters
    ----------
    plan
        What was asked for.
    stored
        (row, column), uint16, MONOCHROME1 where `photometric` says so.
    bits_stored
        Of each value.
    spacing_mm
        Between rows and between columns, on the detector.
    photometric
        Photometric Interpretation.
    facing
        Side of the film to which the patient looks.
    kvp, manufacturer, modality
        As a header would say.
    truth
        Grades, walls, levels and visibility.
    masks
        (row, column) label maps: ``vertebrae`` (1 to 7 for T12 to S1) and ``walls`` (1 anterior and 2
        posterior wall, 3 and 4 where they are calcified).
    """

    plan: FilmPlan
    stored: UInt16[np.ndarray, "row column"]
    bits_stored: int
    spacing_mm: tuple[float, float]
    photometric: Literal["MONOCHROME1", "MONOCHROME2"]
    facing: Literal["left", "right"]
    kvp: float
    mas: float
    manufacturer: str
    modality: Literal["DX", "CR", "OT"]
    age_years: float
    truth: FilmTruth
    masks: dict[str, UInt8[np.ndarray, "row column"]]

    @property
    def seed(self) -> int:
        """Of the plan."""
        return self.plan.seed

    @property
    def window(self) -> tuple[float, float]:
        """Centre and width that show all of it."""
        return (2**self.bits_stored / 2, float(2**self.bits_stored))

    @property
    def brightness(self) -> Float32[np.ndarray, "row column"]:
        """The film as it is looked at, 0 black to 1 white."""
        share = self.stored.astype(np.float32) / np.float32(2**self.bits_stored - 1)
        return 1 - share if self.photometric == "MONOCHROME1" else share

    def truth_dict(self) -> dict[str, Any]:
        """Give the truth as it is written to JSON."""
        return {
            "simulated": True,
            "seed": self.plan.seed,
            "style": self.plan.style,
            "is_shifted": self.plan.is_shifted,
            "facing": self.facing,
            "kvp": self.kvp,
            "age_years": self.age_years,
            "spacing_mm": list(self.spacing_mm),
            **self.truth.as_dict(),
        }


def draw_film(seed: int, *, style: str | None = None, shifted: bool = False, total: int | None = None) -> FilmPlan:
    """Plan a film.

    Parameters
    ----------
    seed
        The same seed gives the same film.
    style
        Drawn unless given: three in five lumbar, one in four of the abdomen, the rest DXA.
    shifted
        Draw from settings that no training has seen.
    total
        AAC-24 to aim at, 0 to 24.

    Raises
    ------
    SimulationError
        For an unknown style, or a total outside 0 to 24.
    """
    known = {name: name for name in STYLES}
    if style is not None and style not in known:
        raise SimulationError(f"no style is called {style!r}; there are {', '.join(STYLES)}")
    if total is not None and not 0 <= total <= 24:
        raise SimulationError(f"AAC-24 goes from 0 to 24; asked for {total}")
    drawn: Style = np.random.default_rng([seed, 1]).choice(np.array(STYLES), p=[0.6, 0.25, 0.15]).item()
    return FilmPlan(seed=seed, style=drawn if style is None else known[style], is_shifted=shifted, total=total)


def simulate_film(plan: FilmPlan) -> SimulatedFilm:
    """Simulate a film.

    Parameters
    ----------
    plan
        From `draw_film`.
    """
    rng = np.random.default_rng([plan.seed, 2, int(plan.is_shifted)])
    scene = build_scene(rng, plan.habits, plan.total)
    beam = _draw_beam(rng, plan)
    technique = _draw_technique(rng, plan)
    display = _draw_display(rng, plan)
    layers = sum_scene(scene, beam)
    clean, bare = (expose(sums, beam, technique) for sums in (layers.with_calcium, layers.without_calcium))
    noisy = add_quanta(clean, beam, technique, rng)
    is_open = shutter_mask(beam.shape, display)
    truth = measure_truth(scene, beam, np.log(bare) - np.log(clean), -np.log(noisy), is_open, display.turn_deg)
    picture = turn_picture(show(noisy, beam.pixel_mm, display), display.turn_deg)
    picture = close_shutters(picture, display, plan.seed)
    masks = {"vertebrae": turn_labels(layers.vertebrae, display.turn_deg), "walls": truth.draw_walls(beam.shape)}
    faces_right = bool(rng.random() < 0.5)
    if faces_right:
        picture, truth = picture[:, ::-1], truth.mirrored(beam.shape[1])
        masks = {name: np.ascontiguousarray(mask[:, ::-1]) for name, mask in masks.items()}
    vendor = plan.habits.looks.index(display.look) if display.look in plan.habits.looks else 0
    return SimulatedFilm(
        plan=plan,
        stored=store(burn_in(np.ascontiguousarray(picture), display), display),
        bits_stored=display.bits_stored,
        spacing_mm=(beam.pixel_mm, beam.pixel_mm),
        photometric="MONOCHROME1" if display.is_inverted else "MONOCHROME2",
        facing="right" if faces_right else "left",
        kvp=technique.kvp,
        mas=technique.mas,
        manufacturer="Simulated DXA" if plan.style == "dxa" else plan.habits.vendors[vendor],
        modality="OT" if plan.style == "dxa" else "CR" if display.look == "film" else "DX",
        age_years=scene.age_years,
        truth=truth,
        masks=masks,
    )


def simulate_frontal(plan: FilmPlan) -> Radiograph:
    """Simulate the same kind of patient from the front: a film that must be refused.

    Parameters
    ----------
    plan
        From `draw_film`.
    """
    rng = np.random.default_rng([plan.seed, 3, int(plan.is_shifted)])
    scene = turn_to_front(build_scene(rng, plan.habits, plan.total))
    beam = replace(_draw_beam(rng, plan), centre_mm=(0.0, 0.0))
    technique, display = _draw_technique(rng, plan), _draw_display(rng, plan)
    clean = expose(sum_scene(scene, beam).with_calcium, beam, technique)
    picture = show(add_quanta(clean, beam, technique, rng), beam.pixel_mm, display)
    return Radiograph(pixels=picture, spacing_mm=(beam.pixel_mm,) * 2, spacing_source="imager-pixel-spacing")


def _draw_beam(rng: np.random.Generator, plan: FilmPlan) -> Beam:
    """Choose distances and field: L3 near the middle, T12 to S1 inside, more of the belly on a film of the abdomen."""
    focus, detector = rng.uniform(*plan.habits.focus_mm), rng.uniform(*plan.habits.detector_mm)
    if plan.style == "dxa":
        focus, detector = 950.0, 60.0
    scale = (focus + detector) / focus
    wide = rng.uniform(215, 290) if plan.style == "abdomen" else rng.uniform(150, 195)
    tall = rng.uniform(282, 330)
    columns = int(rng.integers(460, 540)) if plan.style != "abdomen" else int(rng.integers(640, 760))
    pixel = wide * scale / columns
    rows = min(int(tall * scale / pixel), 1150)
    ahead = rng.uniform(0.52, 0.66) if plan.style != "abdomen" else rng.uniform(0.56, 0.68)
    centre = ((0.5 - ahead) * wide + rng.normal(12, 4), rng.normal(2, 6))
    return Beam(focus_mm=focus, detector_mm=detector, shape=(rows, columns), pixel_mm=pixel, centre_mm=centre)


def _draw_technique(rng: np.random.Generator, plan: FilmPlan) -> Technique:
    habits = plan.habits
    technique = Technique(
        kvp=float(rng.uniform(*habits.kvp)),
        mas=float(np.exp(rng.uniform(*np.log(habits.mas)))),
        scatter=float(rng.uniform(*habits.scatter)),
        blur_mm=float(rng.uniform(0.12, 0.3)),
        grain_mm=float(rng.uniform(0.08, 0.3)),
    )
    if plan.style == "dxa":
        return replace(
            technique, scatter=0.05, blur_mm=float(rng.uniform(0.3, 0.55)), grain_mm=0.3, mas=technique.mas * 0.25
        )
    return technique


def _draw_display(rng: np.random.Generator, plan: FilmPlan) -> Display:
    habits = plan.habits
    look: Look = "dxa" if plan.style == "dxa" else rng.choice(np.array(habits.looks)).item()
    narrow = plan.style == "lumbar" and rng.random() < 0.6
    sides = rng.uniform(0.0, 0.08, 4) if narrow else rng.uniform(0, 0.012, 4) * rng.integers(0, 2, 4)
    return Display(
        look=look,
        contrast=float(rng.uniform(*habits.contrast)),
        brightness=float(rng.uniform(*habits.brightness)),
        sharpening=float(rng.uniform(*habits.sharpening)),
        collimation=(sides[0], sides[1], sides[2] * 0.25, sides[3] * 0.25),
        shutter=float(rng.choice([0.0, 0.0, 0.02, 1.0])),
        turn_deg=0.0 if plan.style == "dxa" else float(rng.uniform(*habits.turn_deg)),
        text=("SIMULATED", f"{plan.style} {plan.seed}") if rng.random() < 0.7 else ("SIMULATED",),
        marker=str(rng.choice(["", "L", "R"])) if plan.style != "dxa" else "",
        dust=int(rng.integers(3, 25)) if look == "film" and rng.random() < 0.5 else 0,
        bits_stored=8 if plan.style == "dxa" else int(rng.choice([10, 12, 12, 14])),
        is_inverted=bool(rng.random() < 0.25) and plan.style != "dxa",
    )
