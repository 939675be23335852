"""Stage 3: what each candidate is, learned from candidates of many scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vascal.models.lesion_inputs import KINDS
from vascal.models.lesion_net import CORONARY as CORONARY_KINDS
from vascal.train.lesion_samples import CORONARY, is_coronary
from vascal.train.loop import Task

if TYPE_CHECKING:
    from torch import Tensor, nn

COURSE_NOISE, PATCH_GAIN, PATCH_NOISE = 0.03, 0.06, 0.06
FIELDS = ("patches", "features", "kinds", "segments", "weights")
EVENNESS = 0.6
"""0: what is not coronary is drawn as often as it is there; 1: each kind as often as the others."""
NOISE = KINDS.index("noise")


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionTask:
    """Candidates of many scans.

    Parameters
    ----------
    files
        One ``.npz`` a scan: ``patches``, ``features``, ``kinds`` and ``segments``.
    per_sample
        Candidates in one sample: drawn from one scan so that each scan counts alike.
    coronary_share
        Share of them that is coronary, where the scan has any.
    segment_weight
        Of the segment's loss beside that of the kind.
    """

    files: Sequence[Path]
    per_sample: int = 16
    coronary_share: float = 0.4
    segment_weight: float = 0.3
    inputs: int = 3
    outputs: int = len(KINDS)
    _cache: dict[int, dict[str, np.ndarray]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw candidates of one scan."""
        import torch

        data = self.read(number)
        kinds = data["kinds"]
        chosen = self._choose(kinds, rng)
        patches = data["patches"][chosen].astype(np.float32)
        patches = np.stack([np.roll(patch, rng.integers(-1, 2, 3), axis=(1, 2, 3)) for patch in patches])
        if rng.random() < 0.8:
            shape = (len(chosen), 1, 1, 1, 1)
            patches[:, :2] *= rng.normal(1, PATCH_GAIN, shape)
            patches[:, :2] += rng.normal(0, PATCH_NOISE, shape) + PATCH_NOISE * rng.standard_normal(
                patches[:, :2].shape
            )
        features = data["features"][chosen] + rng.normal(0, COURSE_NOISE, data["features"][chosen].shape)
        return {
            "patch": torch.from_numpy(patches.astype(np.float32)),
            "features": torch.from_numpy(features.astype(np.float32)),
            "kind": torch.from_numpy(kinds[chosen]),
            "segment": torch.from_numpy(data["segments"][chosen]),
        }

    def read(self, number: int) -> dict[str, np.ndarray]:
        """Give all candidates of one case."""
        if number not in self._cache:
            with np.load(self.files[number]) as data:
                self._cache[number] = {name: data[name] for name in FIELDS}
        return self._cache[number]

    def _choose(self, kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw with replacement: a fixed share is coronary, and rare kinds of the rest come more often."""
        own = is_coronary(kinds)
        weight = np.zeros(len(kinds))
        for kind in np.unique(kinds[~own]):
            weight[kinds == kind] = 1.0 / np.count_nonzero(kinds == kind) ** EVENNESS
        if weight.sum() > 0:
            weight /= weight.sum()
        if own.any():
            share = self.coronary_share if weight.sum() > 0 else 1.0
            weight = (1 - share) * weight + share * own / own.sum()
        return np.asarray(rng.choice(len(kinds), self.per_sample, p=weight))

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Loss of one batch; (sample, candidate, ...) are one long list."""
        kinds, segments, _ = network(batch["patch"].flatten(0, 1), batch["features"].flatten(0, 1))
        return lesion_loss(
            kinds, segments, batch["kind"].flatten(), batch["segment"].flatten(), segment_weight=self.segment_weight
        )

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Share of right answers: coronary or not, which artery, which segment."""
        kinds, segments, _ = network(batch["patch"].flatten(0, 1), batch["features"].flatten(0, 1))
        true, segment = batch["kind"].flatten().numpy(), batch["segment"].flatten().numpy()
        share = kinds.softmax(1).numpy()
        is_own = is_coronary(true)
        found = share[:, :CORONARY_KINDS].sum(axis=1) > 0.5
        named, placed = (true >= 0) & (true < CORONARY_KINDS), segment > 0
        return {
            "coronary": float(np.mean(found == is_own)),
            "vessel": _share(share[named, :CORONARY_KINDS].argmax(axis=1) == true[named]),
            "segment": _share(segments[placed].argmax(1).numpy() + 1 == segment[placed]),
        }


def fit_calibration(network: nn.Module, task: Task) -> dict[str, Any]:
    """Find the temperature and the biases that make probabilities true on validation cases.

    Scores are divided by the temperature (Guo et al., ICML 2017, arXiv:1706.04599); then one bias is added
    to the coronary kinds and one to noise: training shows calcium more often, and noise less often, than scans
    do. Every candidate of every validation scan counts once, also those that were left out of the samples.

    Parameters
    ----------
    network
        Trained; kinds first, segments second.
    task
        Validation cases.
    """
    import torch
    from scipy.optimize import minimize

    if not isinstance(task, LesionTask):
        raise TypeError("probabilities of lesions are fitted on cases of lesions")

    network = network.cpu().eval()
    logits, kinds, weights = [], [], []
    with torch.inference_mode():
        for number in range(len(task)):
            data = task.read(number)
            patch = torch.from_numpy(data["patches"].astype(np.float32))
            logits.append(network(patch, torch.from_numpy(data["features"]))[0])
            kinds.append(torch.from_numpy(data["kinds"]))
            weights.append(torch.from_numpy(data["weights"]))
    scores, truth, weight = torch.cat(logits), torch.cat(kinds), torch.cat(weights)

    def miss(values: np.ndarray) -> float:
        shifted = scores / float(np.exp(values[0])) + torch.from_numpy(_biases(values)).float()
        # A little pull towards no change keeps biases finite where validation has no error at all.
        return float((weight * kind_loss(shifted, truth)).sum() / weight.sum()) + 1e-3 * float(np.sum(values**2))

    best = minimize(miss, np.zeros(3), method="Nelder-Mead", options={"maxiter": 400}).x
    return {"temperature": round(float(np.exp(best[0])), 4), "bias": [round(float(b), 4) for b in _biases(best)]}


def _biases(values: np.ndarray) -> np.ndarray:
    bias = np.zeros(len(KINDS))
    bias[:CORONARY_KINDS], bias[NOISE] = values[1], values[2]
    return bias


def _share(right: np.ndarray) -> float:
    return float(np.mean(right)) if right.size else float("nan")


def lesion_loss(kinds: Tensor, segments: Tensor, kind: Tensor, segment: Tensor, *, segment_weight: float) -> Tensor:
    """Cross entropy of kind and segment, also where only "coronary" or "not coronary" is known.

    Parameters
    ----------
    kinds, segments
        (candidate, class) scores.
    kind, segment
        (candidate,) truth; kind may be `OTHER` or `CORONARY`, segment 0 is unknown.
    segment_weight
        Of the second term.
    """
    from torch.nn import functional

    loss = kind_loss(kinds, kind).mean()
    placed = segment > 0
    if placed.any():
        named = functional.cross_entropy(segments.float()[placed], segment[placed] - 1, reduction="sum")
        loss = loss + segment_weight * named / len(kind)
    return loss


def kind_loss(kinds: Tensor, kind: Tensor) -> Tensor:
    """Cross entropy of the kind, one value a candidate; arguments as for `lesion_loss`."""
    import torch
    from torch.nn import functional

    log_p = functional.log_softmax(kinds.float(), dim=1)
    known = log_p.gather(1, kind.clamp(min=0)[:, None])[:, 0]
    own = log_p[:, :CORONARY_KINDS].logsumexp(1)
    other = log_p[:, CORONARY_KINDS:].logsumexp(1)
    return -torch.where(kind >= 0, known, torch.where(kind == CORONARY, own, other))
