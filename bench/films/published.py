"""The published recipe, trained by `vascal train aac`, as another reader of the same films."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vascal.models.runtime import load_network
from vascal.simulate.xray.study import SimulatedFilm
from vascal.train.film_config import TotalConfig
from vascal.train.film_prediction import TOTALS, predict_totals
from vascal.train.film_preparation import make_total_sample
from vascal.train.simulated_films import as_sample


def read_total(film: SimulatedFilm, folder: Path) -> float:
    """Give the total by the network of a folder; its region is cut by the true vertebrae, which favours it."""
    rows, columns = load_network(TOTALS, folder).entry.settings["size"]
    sample = make_total_sample(as_sample(film), TotalConfig(size=(rows, columns)))
    return float(predict_totals(folder, np.asarray(sample["image"])[None])[0])
