"""What the agent would say, and when that changed. It is looked at after certain episodes, ever fewer of them, so that
the list is the same for the same run, however it was cut into slices, and whether or not anybody looked at it.
"""

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.arrays import Counts
from langrl_gui.core.errors import TableError

if TYPE_CHECKING:
    from langrl_gui.core.trainer import Trainer

MOST_PROMPTS: Final = 100
"""Prompts that are looked at: the first ones."""
MOST_SAMPLES: Final = 10_000
"""Samples that are kept: the last ones of all, and the last one of each prompt. Most runs have far fewer."""
MOST_WORDS: Final = 1 << 18
"""Words in them: a megabyte of a saved run ..."""
LONGEST: Final = 1000
"""... and in one of them: all that a language's text can have; of an environment's the first ones."""


def look_after(episode: int) -> int:
    """Finished episodes at the first look after so many."""
    apart = max(1, (1 << episode.bit_length()) // (2 * arrays.LOOKS))
    return (episode // apart + 1) * apart


class Sample(NamedTuple):
    """What the agent said to a prompt when that was seen to be new."""

    step: int
    episode: int
    prompt: int
    words: tuple[int, ...]
    value: float
    """As in trainer.Text."""
    total: float


@dataclass(frozen=True)
class SampleList:
    """The samples of a run, in the order in which they were taken."""

    taken: tuple[Sample, ...]
    dropped: int
    """How many came before, for which there is no room any more."""


@dataclass
class Samples:
    """The samples of one run, taken as it goes on."""

    taken: list[Sample] = field(default_factory=list)
    dropped: int = 0
    """Samples for which there is no room any more."""
    from_start: bool = True
    """Whether it was looked at from step 0 on: else it was saved by a program that kept no samples."""
    _said: dict[int, tuple[int, ...]] = field(default_factory=dict)
    said: tuple[Counts, Counts] = field(default_factory=lambda: (np.zeros(0, np.uint64), np.zeros(0, np.uint64)))
    """The nodes that the agent's texts passed at the last sample, and the slots that it chose there. It says the same
    for as long as it chooses the same; of that the loop takes care."""
    _passed: list[NDArray[np.int64]] = field(default_factory=list)
    """Those of each prompt."""

    @classmethod
    def of(cls, found: SampleList | None) -> "Samples":
        """To go on from these; None: those up to now are not known."""
        if found is None:
            return cls(from_start=False)
        return cls(list(found.taken), found.dropped, _said={sample.prompt: sample.words for sample in found.taken})

    def so_far(self) -> SampleList:
        """Those that were taken by now."""
        return SampleList(tuple(self.taken), self.dropped)

    def look(self, trainer: "Trainer") -> None:
        """Take a sample of each prompt to which the agent would now say something else than at the last look."""
        trainer.progress.counters[arrays.LOOK] = look_after(trainer.episode)
        with contextlib.suppress(TableError):  # what the table has no room for is not said
            self._take(trainer)

    def _take(self, trainer: "Trainer") -> None:
        each = list(self._passed) or [np.zeros(0, np.int64)] * min(len(trainer.scenario.starts), MOST_PROMPTS)
        for prompt in self._to_hear(trainer, len(each)):
            text = trainer.greedy_text(prompt)
            each[prompt] = trainer.greedy_nodes(prompt)
            words = text.words[:LONGEST]
            if words != self._said.get(prompt):
                self._said[prompt] = words
                self.taken.append(Sample(trainer.step, trainer.episode, prompt, words, text.value, text.total))
        passed = np.concatenate(each)
        self.said = passed.astype(np.uint64), trainer.greedy_slots(passed).astype(np.uint64)
        self._passed = each
        self._drop_oldest()

    def _to_hear(self, trainer: "Trainer", prompts: int) -> list[int]:
        """The prompts to which it may say something else than at the last look: it chooses another slot on the way."""
        if not self._passed:
            return list(range(prompts))
        nodes, slots = self.said
        other = trainer.greedy_slots(nodes.astype(np.int64)) != slots
        begins = np.cumsum([0, *map(len, self._passed[:-1])])
        return np.flatnonzero(np.logical_or.reduceat(other, begins)).tolist()

    def _drop_oldest(self) -> None:
        """Keep no more than there is room for. What is dropped follows from what there is, so that a run that was saved
        in between drops the same."""
        too_many, too_long = (
            len(self.taken) - MOST_SAMPLES,
            sum(len(sample.words) for sample in self.taken) - MOST_WORDS,
        )
        if too_many <= 0 and too_long <= 0:
            return
        last = set({sample.prompt: place for place, sample in enumerate(self.taken)}.values())
        kept: list[Sample] = []
        for place, sample in enumerate(self.taken):
            if place in last or (too_many <= 0 and too_long <= 0):
                kept.append(sample)
            else:
                too_many, too_long = too_many - 1, too_long - len(sample.words)
        self.dropped += len(self.taken) - len(kept)
        self.taken = kept
