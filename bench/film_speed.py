"""A film from file to report, and what the networks take of it, against the published network in the same run.

Warm: the first film loads the networks and does not count. The opponent is ResNet34 with scSE on 1000 x 500 pixels
(Shao et al. 2025), random weights, in the same ONNX Runtime: it gives one number, without finding the region. Limits on
2 cores: 2 s from file to report, 0.5 s for the networks; 2 CPU-s to simulate a film.

    python -m bench.film_speed [--runs 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vascal.film_batch import FilmJob, finish_film
from vascal.film_options import FilmOptions
from vascal.io.film_reading import read_films
from vascal.io.film_writer import write_film
from vascal.models.film_inputs import lay_on_canvas, map_channels, shrink_film
from vascal.models.film_reader import MAP_MODEL, WALL_MODEL
from vascal.models.runtime import load_network, open_session
from vascal.simulate.xray.study import draw_film, simulate_film

LIMITS = {"file to report, s": 2.0, "networks, s": 0.5, "simulation, CPU-s": 2.0}


def median(act: Callable[[], object], runs: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Time something a few times after a first run that does not count."""
    act()
    spent = []
    for _ in range(runs):
        start = clock()
        act()
        spent.append(clock() - start)
    return statistics.median(spent)


def open_opponent() -> Callable[[], object]:
    """Export the published network with random weights and make it ready."""
    import torch

    from vascal.train.film_config import TotalConfig
    from vascal.train.film_network import build_total_network

    network = build_total_network(TotalConfig()).eval()
    image = torch.zeros(1, 1, 1000, 500)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "opponent.onnx"
        torch.onnx.export(network, (image,), str(path), input_names=["image"], dynamo=False)
        session = open_session(path.read_bytes())
    return lambda: session.run(None, {"image": image.numpy()})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    plan = draw_film(14, style="lumbar", total=13)
    film = simulate_film(plan)
    canvas, _ = lay_on_canvas(shrink_film(film.brightness, film.spacing_mm[0]))
    channels = map_channels(canvas)[None]
    strip = np.zeros((1, 6, 288, 112), dtype=np.float32)
    # The strip is read twice: see `LearnedFilmReader.read_film`.
    networks = [(load_network(MAP_MODEL), channels), *[(load_network(WALL_MODEL), strip)] * 2]
    with tempfile.TemporaryDirectory() as folder:
        write_film(film, Path(folder) / "film.dcm")
        job = FilmJob(input="film", film=read_films(Path(folder) / "film.dcm").films[0])
        found = {
            "file to report, s": median(
                lambda: finish_film(job, Path(folder), "overwrite", FilmOptions()), chosen.runs
            ),
            "networks, s": median(lambda: [network.run(image=image) for network, image in networks], chosen.runs),
            "opponent's network, s": median(open_opponent(), chosen.runs),
            "simulation, CPU-s": median(lambda: simulate_film(plan), chosen.runs, time.process_time),
        }
    found["networks : opponent's"] = found["networks, s"] / found["opponent's network, s"]
    for name, value in found.items():
        limit = LIMITS.get(name)
        print(f"{name}: {value:.2f}" + ("" if limit is None else f" (limit {limit:g})"))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
