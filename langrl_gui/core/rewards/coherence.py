"""`coherence`: whether the words of a text belong together, by how often the corpus has them near each other."""

import math
from collections import Counter
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.rewards.term import Following, Ground, Memory, Reward, Step, Words
from langrl_gui.core.text import Corpus, stretches


class CoherenceReward(Reward):
    """The mean association of each word with the last `window` words before it, from -1 to 1.

    Association is normalised pointwise mutual information (Bouma 2009), ln(p(a,b) / (p(a) p(b))) / -ln p(a,b), of
    pairs of words at most `window` words apart in one sentence of the corpus, in either order: 1 for words that only
    occur together, 0 for words that ignore each other or that the corpus does not have, -1 for words that never meet.
    A text's first word and its end word earn 0.
    """

    needs_corpus: ClassVar = True

    kind: Literal["coherence"] = Field(
        title=N_("Coherence"),
        description=N_("Whether each word belongs with those before it: how often the corpus has them close together."),
    )
    window: int = Field(
        5,
        title=N_("Window"),
        description=N_("How many words apart two words may be to count as together."),
        ge=1,
        le=20,
        json_schema_extra={"unit": N_("words")},
    )

    def term(self, ground: Ground) -> "Coherence":
        return Coherence(ground, self)


class Coherence:
    """The memory is the last `window` words."""

    def __init__(self, ground: Ground, settings: CoherenceReward) -> None:
        assert ground.corpus is not None
        self._end_word = ground.language.end
        self._window = settings.window
        self._pairs = _counted(ground.corpus, len(ground.language.words), settings.window)

    def start(self, prompt: int) -> Memory:
        return ()

    def step(self, memory: Memory, words: Words) -> Step:
        assert isinstance(memory, tuple)
        rewards = np.zeros(len(words))
        for word in memory:
            rewards += self._pairs.with_word(word, words)
        if memory:
            rewards /= len(memory)
        if self._end_word is not None:
            rewards[words == self._end_word] = 0.0
        last = memory if len(memory) < self._window else memory[1:]
        return Step(rewards, Following(words, lambda word: (*last, word)), np.arange(len(words)))

    def end(self, memory: Memory) -> float:
        return 0.0


class Associations:
    """Normalised pointwise mutual information of words, counted in a corpus."""

    def __init__(self, corpus: Corpus, words: int, window: int) -> None:
        pairs: list[Counter[int]] = [Counter() for _ in range(words)]
        for sentence, places in stretches(corpus.sentences, tr("counting which words are near each other")):
            for place in places:
                first = sentence[place]
                if first >= 0:
                    for second in sentence[place + 1 : place + 1 + window]:
                        if second >= 0:
                            pairs[first][second] += 1
                            pairs[second][first] += 1
        self._pairs = pairs
        self._alone = np.array([sum(with_word.values()) for with_word in pairs], np.float64)
        self._total = int(self._alone.sum())
        self._near: dict[int, tuple[NDArray[np.intp], NDArray[np.float64]]] = {}  # no more than the pairs

    def with_word(self, word: int, others: Words) -> NDArray[np.float64]:
        """(words,) the association of each of these words with this one."""
        if not self._alone[word]:
            return np.zeros(len(others))
        if word not in self._near:
            self._near[word] = self._of_neighbours(word)
        neighbours, associations = self._near[word]
        place = np.minimum(np.searchsorted(neighbours, others), len(neighbours) - 1)
        strangers = np.where(self._alone[others] > 0, -1.0, 0.0)
        return np.where(neighbours[place] == others, associations[place], strangers)

    def _of_neighbours(self, word: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The words that the corpus has near this one, ascending, and their associations with it."""
        neighbours = sorted(self._pairs[word])
        alone = self._alone[word]
        associations = []
        for other in neighbours:
            count = self._pairs[word][other]
            together = count / self._total
            if together == 1:  # the corpus has this pair and nothing else
                associations.append(1.0)
            else:
                associations.append(math.log(count * self._total / (alone * self._alone[other])) / -math.log(together))
        return np.array(neighbours), np.array(associations)


_counted = lru_cache(maxsize=4)(Associations)
"""Associations that were counted lately: tables and the exact solution ask for the same ones."""
