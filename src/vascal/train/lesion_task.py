"""Stage 3: what each candidate is, learned from candidates of many scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vascal.models.lesion_inputs import CHANNELS, KINDS, SIZE
from vascal.models.lesion_net import CORONARY as CORONARY_KINDS
from vascal.train.lesion_samples import CORONARY, is_coronary
from vascal.train.loop import Task

if TYPE_CHECKING:
    from torch import Tensor, nn

COURSE_NOISE, PATCH_GAIN, PATCH_NOISE = 0.03, 0.06, 0.06
SHOWN = [0, 1, 3, 4]
"""Channels that show the CT; the others mark the candidate."""
FIELDS = ("patches", "features", "kinds", "segments", "weights")
EVENNESS = 0.6
"""0: a kind is drawn as often as it is there; 1: each kind as often as the others on its side, coronary or not."""
SMALL_MM3, SIZE_POWER = 5.0, 0.6
"""A candidate is drawn the more often the more it may add to a score: one of 500 mm3 ten times as often as a speck."""
PULL = 0.5
"""Of a bias of 1, in candidates that are wrong by a factor of e."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionTask:
    """Candidates of many scans.

    Parameters
    ----------
    files
        One ``.npz`` a scan: ``patches``, ``features`` (view, candidate, feature: the first as scoring sees it, the
        others with courses gone astray), ``kinds`` and ``segments``.
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
    inputs: int = CHANNELS
    outputs: int = len(KINDS)
    _cache: dict[int, dict[str, np.ndarray]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw candidates of one scan."""
        import torch

        data = self.read(number)
        kinds = data["kinds"]
        chosen = self._choose(kinds, data["features"][0, :, SIZE], rng)
        patches = data["patches"][chosen].astype(np.float32)
        patches = np.stack([np.roll(patch, rng.integers(-1, 2, 3), axis=(1, 2, 3)) for patch in patches])
        if rng.random() < 0.8:
            shape = (len(chosen), 1, 1, 1, 1)
            noise = PATCH_NOISE * rng.standard_normal((len(chosen), len(SHOWN), *patches.shape[2:]), dtype=np.float32)
            patches[:, SHOWN] *= rng.normal(1, PATCH_GAIN, shape)
            patches[:, SHOWN] += rng.normal(0, PATCH_NOISE, shape) + noise
        views = data["features"]
        features = views[rng.integers(len(views)), chosen]
        features = features + rng.normal(0, COURSE_NOISE, features.shape)
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

    def _choose(self, kinds: np.ndarray, size: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw with replacement: a fixed share is coronary; rare kinds, and large candidates, come often."""
        own = is_coronary(kinds)
        weight = (10.0**size + SMALL_MM3) ** SIZE_POWER
        for kind in np.unique(kinds):
            weight[kinds == kind] /= np.count_nonzero(kinds == kind) ** EVENNESS
        for side in (own, ~own):
            weight[side] /= max(weight[side].sum(), 1e-9)
        share = self.coronary_share if own.any() and not own.all() else float(own.any())
        weight *= np.where(own, share, 1 - share)
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

    Scores are divided by the temperature (Guo et al., ICML 2017, arXiv:1706.04599); then a bias is added to each
    kind, the same for all arteries. Training shows some kinds more often than patients have them, and others less;
    what changes with how often they are is such a bias (Saerens et al., Neural Comput 2002;14:21,
    doi:10.1162/089976602753284446). Every candidate of every validation scan counts once, also those that were left
    out of the samples.

    Parameters
    ----------
    network
        Trained; kinds first, segments second.
    task
        Validation cases.
    """
    import torch

    if not isinstance(task, LesionTask):
        raise TypeError("probabilities of lesions are fitted on cases of lesions")

    network = network.cpu().eval()
    logits, kinds, weights = [], [], []
    with torch.inference_mode():
        for number in range(len(task)):
            data = task.read(number)
            patch = torch.from_numpy(data["patches"].astype(np.float32))
            logits.append(network(patch, torch.from_numpy(data["features"][0]))[0])
            kinds.append(torch.from_numpy(data["kinds"]))
            weights.append(torch.from_numpy(data["weights"]))
    scores, truth, weight = torch.cat(logits).double().clone(), torch.cat(kinds), torch.cat(weights).double()
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    free = torch.zeros(1 + len(KINDS) - CORONARY_KINDS, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([log_temperature, free], max_iter=200, line_search_fn="strong_wolfe")

    def miss() -> Tensor:
        search.zero_grad()
        shifted = scores / log_temperature.exp() + _spread_bias(free)
        # A pull towards no change keeps a bias finite where validation has no error at all.
        loss = (weight * kind_loss(shifted, truth)).sum() + PULL * (log_temperature**2 + (free**2).sum())
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    search.step(miss)  # type: ignore[no-untyped-call]
    bias = _spread_bias(free).detach().numpy()
    return {
        "temperature": round(float(log_temperature.detach().exp()), 4),
        "bias": [round(float(b), 4) for b in bias],
    }


def _spread_bias(free: Tensor) -> Tensor:
    """Give each kind its bias: one for all arteries, one for each other kind."""
    import torch

    return torch.cat([free[:1].expand(CORONARY_KINDS), free[1:]])


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

    loss = kind_loss(kinds.float(), kind).mean()
    placed = segment > 0
    if placed.any():
        named = functional.cross_entropy(segments.float()[placed], segment[placed] - 1, reduction="sum")
        loss = loss + segment_weight * named / len(kind)
    return loss


def kind_loss(kinds: Tensor, kind: Tensor) -> Tensor:
    """Cross entropy of the kind, one value a candidate; arguments as for `lesion_loss`."""
    import torch
    from torch.nn import functional

    log_p = functional.log_softmax(kinds, dim=1)
    known = log_p.gather(1, kind.clamp(min=0)[:, None])[:, 0]
    own = log_p[:, :CORONARY_KINDS].logsumexp(1)
    other = log_p[:, CORONARY_KINDS:].logsumexp(1)
    return -torch.where(kind >= 0, known, torch.where(kind == CORONARY, own, other))
