"""What happened over the episodes, as curves: an exact summary of every episode, in a bounded number of bins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.trainer import Trainer


@dataclass(frozen=True)
class Curves:
    """What happened over the episodes, in bins of `width` episodes; the last bin may not be full yet.

    All arrays have one entry per bin, but for those of the greedy policy, which exist for full bins only.
    """

    width: int
    episodes: NDArray[np.float64]
    """Episode number at the middle of the bin's finished part."""
    ends: NDArray[np.float64]
    """Episodes finished at the bin's end."""
    return_mean: NDArray[np.float64]
    return_min: NDArray[np.float64]
    return_max: NDArray[np.float64]
    surprise_mean: NDArray[np.float64]
    """Mean |TD error| of a step."""
    greedy_value: NDArray[np.float64]
    greedy_shares: NDArray[np.float64]
    """(full bins, terms) what each reward term gives to the greedy policy's texts: its sum over a text."""


def observe_curves(trainer: Trainer) -> Curves:
    """The curves as they are now."""
    counters, histories = trainer.progress.counters, trainer.progress.histories
    shift, episode = int(counters[arrays.BIN_SHIFT]), trainer.episode
    bins, full = -(-episode >> shift), episode >> shift
    if full and np.isnan(histories.greedy_value[full - 1]):
        full -= 1
    first = np.arange(bins, dtype=np.float64) * (1 << shift)
    ends = np.minimum(first + (1 << shift), episode)
    steps = np.maximum(histories.steps[:bins], 1).astype(np.float64)
    return Curves(
        1 << shift,
        (first + ends) / 2,
        ends,
        histories.return_sum[:bins] / (ends - first),
        histories.return_min[:bins].copy(),
        histories.return_max[:bins].copy(),
        histories.surprise[:bins] / steps,
        histories.greedy_value[:full].copy(),
        histories.greedy_shares[:full].copy(),
    )
