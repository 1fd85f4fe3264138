"""The last words said, one by one, with what each earned."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.trainer import Trainer


@dataclass(frozen=True)
class TapeStep:
    """One word that was said, and what it earned."""

    word: int
    reward: float
    shares: tuple[float, ...]
    """What each reward term gave to it; they add up to it."""


@dataclass(frozen=True)
class Tape:
    """The episode in progress and the one before it (empty where it is no longer remembered)."""

    prompt: int
    steps: tuple[TapeStep, ...]
    previous_prompt: int
    previous: tuple[TapeStep, ...]
    last_q: float
    """Value of the last word said, before it was learned from."""
    last_td_error: float


def observe_tape(trainer: Trainer) -> Tape:
    """The tape as it is now."""
    tape, slots = trainer.progress.tape, trainer.tables.slots
    position, step = trainer.position, trainer.step
    edges = trainer.last_edges(position)
    reach = min(step, len(tape), position + trainer.scenario.language.max_length)
    before = trainer.last_edges(reach)[: reach - position]
    starts = np.flatnonzero(np.isin(before // np.uint64(slots), trainer.tables.starts))
    previous = before[starts[-1] :] if len(starts) else before[:0]
    prompts = np.flatnonzero(trainer.tables.starts == (previous[0] // np.uint64(slots))) if len(previous) else [0]
    amounts = trainer.progress.amounts
    return Tape(
        trainer.prompt,
        _steps(trainer, edges),
        int(prompts[0]),
        _steps(trainer, previous),
        float(amounts[arrays.LAST_Q]),
        float(amounts[arrays.LAST_TD_ERROR]),
    )


def _steps(trainer: Trainer, edges: NDArray[np.uint64]) -> tuple[TapeStep, ...]:
    words, rewards = trainer.tables.words_of(edges), trainer.tables.reward[edges]
    shares = trainer.tables.shares_of(edges).tolist()
    return tuple(TapeStep(int(w), float(r), tuple(s)) for w, r, s in zip(words, rewards, shares, strict=True))
