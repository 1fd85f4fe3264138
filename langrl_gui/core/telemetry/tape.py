"""The last words said, one by one, with what each earned: the episode in progress and those before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.gym_tables import StateTables
from langrl_gui.core.tables import Tables
from langrl_gui.core.trainer import Trainer


@dataclass(frozen=True)
class TapeStep:
    """One word that was said, and what it earned."""

    word: int
    reward: float
    shares: tuple[float, ...]
    """What each reward term gave to it; they add up to it."""
    state: tuple[int, ...]
    """Prompt and words of the row in which it was chosen."""


@dataclass(frozen=True)
class Episode:
    """A text that was said to its end."""

    number: int
    """Counted from 1."""
    prompt: int
    steps: tuple[TapeStep, ...]


@dataclass(frozen=True)
class Tape:
    """The episode in progress, and the latest of those that are remembered."""

    prompt: int
    steps: tuple[TapeStep, ...]
    state: tuple[int, ...]
    """The row in which the agent is."""
    past: tuple[Episode, ...]
    """The last one first."""
    remembered: int
    """Episodes that could be asked for, `past` among them."""
    last_q: float
    """Value of the last word said, before it was learned from."""
    last_td_error: float

    @property
    def previous(self) -> tuple[TapeStep, ...]:
        """The words of the last episode; none where it is not remembered."""
        return self.past[0].steps if self.past else ()

    @property
    def previous_prompt(self) -> int:
        """The prompt of the last episode; 0 where it is not remembered."""
        return self.past[0].prompt if self.past else 0


def observe_tape(trainer: Trainer, episodes: int = 2) -> Tape:
    """The tape as it is now, with so many episodes, the one in progress among them."""
    tables, position = trainer.tables, trainer.position
    edges = trainer.last_edges(trainer.remembered)
    said = edges[: max(0, len(edges) - position)]
    begins = _begins(tables, said, trainer.remembered == trainer.step)
    past, end = [], len(said)
    for number, begin in enumerate(begins[::-1][: episodes - 1].tolist()):
        steps = _steps(trainer, said[begin:end])
        prompt = tables.prompt_at(int(_nodes(tables, said[begin : begin + 1])[0]))
        past.append(Episode(trainer.episode - number, prompt, steps))
        end = begin
    amounts, row = trainer.progress.amounts, int(tables.row[trainer.progress.counters[arrays.NODE]])
    return Tape(
        trainer.prompt,
        _steps(trainer, edges[len(said) :]),
        (tables.prompt(row), *tables.seen(row)),
        tuple(past),
        len(begins),
        float(amounts[arrays.LAST_Q]),
        float(amounts[arrays.LAST_TD_ERROR]),
    )


def _begins(tables: Tables | StateTables, said: NDArray[np.uint64], all_of_it: bool) -> NDArray[np.intp]:
    """Where episodes begin in these steps; `all_of_it`: whether they are all that there were."""
    nodes = _nodes(tables, said)
    if isinstance(tables, Tables):
        return np.flatnonzero(tables.length[nodes] == 0)
    # A state in which episodes begin can be come to again; what tells is that no step has led there.
    begins = 1 + np.flatnonzero(tables.successor[said[:-1]] != nodes[1:])
    return np.concatenate([np.zeros(int(all_of_it and len(said) > 0), np.intp), begins])


def _nodes(tables: Tables | StateTables, taken: NDArray[np.uint64]) -> NDArray[np.int64]:
    return tables.edges_of(taken) // tables.slots


def _steps(trainer: Trainer, edges: NDArray[np.uint64]) -> tuple[TapeStep, ...]:
    tables = trainer.tables
    words, rewards, shares = tables.words_of(edges), tables.reward[edges], tables.shares_of(edges)
    rows = tables.row[_nodes(tables, edges)].tolist()
    return tuple(
        TapeStep(word, reward, tuple(share), (tables.prompt(row), *tables.seen(row)))
        for word, reward, share, row in zip(words.tolist(), rewards.tolist(), shares.tolist(), rows, strict=True)
    )
