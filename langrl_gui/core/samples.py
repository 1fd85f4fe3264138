"""What the agent would say, and when that changed. It is looked at after certain episodes, ever fewer of them, so that
the list is the same for the same run, however it was cut into slices. No part of the run.
"""

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.errors import TableError

if TYPE_CHECKING:
    from langrl_gui.core.trainer import Trainer

LOOKS: Final = 32
"""Looks, at least, from any number of episodes to twice that number: a change is seen at most a 32nd of the run later,
and a run of a thousand million episodes is looked at a thousand times, which costs it nothing."""
MOST_PROMPTS: Final = 100
"""Prompts that are looked at: the first ones."""
MOST_SAMPLES: Final = 10_000
"""Samples that are kept: the last ones. Most runs have far fewer."""


class Sample(NamedTuple):
    """What the agent said to a prompt when that was seen to be new."""

    step: int
    episode: int
    prompt: int
    words: tuple[int, ...]
    value: float
    """As in trainer.Text."""
    total: float


@dataclass
class Samples:
    """The samples of one run, from where it stood when this was made."""

    taken: list[Sample] = field(default_factory=list)
    dropped: int = 0
    """Samples for which there is no room any more."""
    episode: int = -1
    """Episodes that were finished at the last look."""
    _said: list[tuple[int, ...]] = field(default_factory=list)
    _nodes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _slots: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))

    def next_look(self, trainer: "Trainer") -> int:
        """Episodes finished at the next look: those that are, if that one has not been done."""
        here = trainer.episode
        apart = max(1, (1 << here.bit_length()) // (2 * LOOKS))
        if trainer.position == 0 and here > self.episode and here % apart == 0:
            return here
        return (here // apart + 1) * apart

    def look(self, trainer: "Trainer") -> None:
        """Take a sample of each prompt to which the agent would now say something else than at the last look."""
        self.episode = trainer.episode
        # It says the same for as long as it chooses the same wherever it passes.
        if not len(self._nodes) or not np.array_equal(trainer.greedy_slots(self._nodes), self._slots):
            with contextlib.suppress(TableError):  # what the table has no room for is not said
                self._take(trainer)

    def _take(self, trainer: "Trainer") -> None:
        nodes: list[NDArray[np.int64]] = []
        for prompt in range(min(len(trainer.scenario.starts), MOST_PROMPTS)):
            text = trainer.greedy_text(prompt)
            nodes.append(trainer.greedy_nodes(prompt))
            if prompt == len(self._said):
                self._said.append(())
            if text.words != self._said[prompt]:
                self._said[prompt] = text.words
                self.taken.append(Sample(trainer.step, trainer.episode, prompt, text.words, text.value, text.total))
        self._nodes = np.concatenate(nodes)
        self._slots = trainer.greedy_slots(self._nodes)
        if len(self.taken) > MOST_SAMPLES:
            self.dropped += len(self.taken) - MOST_SAMPLES
            del self.taken[:-MOST_SAMPLES]
