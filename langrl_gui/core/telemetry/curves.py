"""What happened over the episodes, as curves: an exact summary of every episode, in a bounded number of bins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.trainer import Trainer


@dataclass(frozen=True)
class Curves:
    """What happened over the episodes, in bins of `width` episodes; the last bin may not be full yet.

    All arrays have one entry per bin, but for those of the greedy policy, which exist for full bins only, and not
    at all in an environment without a table.
    """

    width: int
    episodes: NDArray[np.float64]
    """Episode number at the middle of the bin's finished part."""
    ends: NDArray[np.float64]
    """Episodes finished at the bin's end."""
    return_mean: NDArray[np.float64]
    return_min: NDArray[np.float64]
    return_max: NDArray[np.float64]
    steps: NDArray[np.float64]
    surprise_mean: NDArray[np.float64]
    """Mean |TD error| of a step."""
    exploration: NDArray[np.float64]
    """The chance with which a step explored, mean over the bin's steps: exact, for each step that is counted the rate
    that was set when it was taken."""
    greedy_value: NDArray[np.float64]
    greedy_shares: NDArray[np.float64]
    """(full bins, terms) what each reward term gives to the greedy policy's texts: its sum over a text."""


def observe_curves(trainer: Trainer) -> Curves:
    """The curves as they are now."""
    counters, histories = trainer.progress.counters, trainer.progress.histories
    shift, episode = int(counters[arrays.BIN_SHIFT]), trainer.episode
    bins, full = -(-episode >> shift), episode >> shift
    if trainer.stepped is not None:
        full = 0
    elif full and np.isnan(histories.greedy_value[full - 1]):
        full -= 1
    first = np.arange(bins, dtype=np.float64) * (1 << shift)
    ends = np.minimum(first + (1 << shift), episode)
    steps = histories.steps[:bins].astype(np.float64)
    return Curves(
        1 << shift,
        (first + ends) / 2,
        ends,
        histories.return_sum[:bins] / (ends - first),
        histories.return_min[:bins].copy(),
        histories.return_max[:bins].copy(),
        steps,
        histories.surprise[:bins] / np.maximum(steps, 1.0),
        exploration_rates(trainer, steps),
        histories.greedy_value[:full].copy(),
        histories.greedy_shares[:full].copy(),
    )


def exploration_rates(trainer: Trainer, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """(bins,) the mean epsilon of the steps in each bin, where bin after bin has so many `steps` from step 0 on.

    From the events of the run: the loop keeps nothing of it.
    """
    since, rates = [0.0], [trainer.start_scenario.learner.explore.epsilon]
    for event in trainer.timeline.events:
        if event.path == "learner.explore.epsilon":
            since.append(float(event.step))
            rates.append(event.value)
    starts, rate = np.array(since), np.array(rates)
    ends = np.cumsum(steps)
    begins = ends - steps
    first = np.searchsorted(starts, begins, side="right") - 1
    last = np.searchsorted(starts, ends, side="left") - 1
    mean: NDArray[np.float64] = rate[first]
    for place in np.flatnonzero(last > first).tolist():
        parts = slice(first[place], last[place] + 1)
        cuts = np.concatenate(([begins[place]], starts[parts][1:], [ends[place]]))
        mean[place] = float((np.diff(cuts) * rate[parts]).sum() / steps[place])
    return mean
