"""Terms that give a text a score from 0 to 1: paid when it ends, or word by word as the score rises and falls."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Container, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.language import Language, next_texts
from langrl_gui.core.rewards.term import Following, Ground, Memory, ShapableReward, Step, Words

Paid = Literal["at-end", "each-word"]

_REMEMBERED: Final = 1 << 14
"""Scores that are remembered: of some hundred states with a shortlist, and a few MiB."""
_CLASSED: Final = 1 << 21
"""Words whose classes are remembered, those of each prompt counted apart: some 32 MiB."""
_METRICS: Final = 1024
"""Metrics that are remembered, one for each prompt: some 20 MiB."""


class ScoreReward(ShapableReward, ABC):
    """Settings that all scores share."""

    paid: Paid = Field(
        "at-end",
        title=N_("Paid"),
        description=N_("When the score is paid: at the end of the text, or with each word what it adds to the score."),
    )


class Score(ABC):
    """An automaton whose rewards follow from the score of the text so far, which is also its potential."""

    def __init__(self, paid: Paid) -> None:
        self._each_word = paid == "each-word"
        self._scores: dict[Memory, float] = {}

    @abstractmethod
    def start(self, prompt: int) -> Memory:
        """The memory of a text with no words yet."""

    @abstractmethod
    def follow(self, memory: Memory, words: Words) -> tuple[Sequence[Memory], NDArray[np.intp]]:
        """The memories that follow these words, each one that some word leads to, and for each word which of them
        does."""

    @abstractmethod
    def score(self, memory: Memory) -> float:
        """The score of the text so far."""

    def potential(self, memory: Memory) -> float:
        score = self._scores.get(memory)
        if score is None:
            if len(self._scores) >= _REMEMBERED:
                self._scores.clear()
            self._scores[memory] = score = self.score(memory)
        return score

    def step(self, memory: Memory, words: Words) -> Step:
        memories, which = self.follow(memory, words)
        if not self._each_word:
            return Step(np.zeros(len(words)), memories, which)
        gains = np.array([self.potential(after) for after in memories]) - self.potential(memory)
        return Step(gains[which], memories, which)

    def end(self, memory: Memory) -> float:
        return 0.0 if self._each_word else self.potential(memory)


class TextScore(Score):
    """A score of the whole text, which is therefore remembered: as words, of which those that the prompt's references
    do not tell apart are one."""

    def __init__(self, ground: Ground, paid: Paid) -> None:
        super().__init__(paid)
        self._ground = ground
        self._classes: dict[int, tuple[NDArray[np.int64], NDArray[np.intp]]] = {}
        self._metrics: dict[int, Any] = {}

    @abstractmethod
    def alike(self, prompt: int) -> Sequence[str]:
        """A text for each word; words with equal texts score the same in this prompt's answers, wherever they stand."""

    @abstractmethod
    def new_metric(self, prompt: int) -> Any:
        """sacrebleu's metric with the prompt's references."""

    @abstractmethod
    def written(self, words: Sequence[int]) -> str:
        """These words, none of them the end word, as the metric reads them."""

    def start(self, prompt: int) -> Memory:
        return prompt, ()

    def follow(self, memory: Memory, words: Words) -> tuple[Sequence[Memory], NDArray[np.intp]]:
        assert isinstance(memory, tuple)
        prompt, said = memory
        if prompt not in self._classes:
            if len(self._classes) * len(self._ground.language.words) >= _CLASSED:
                self._classes.clear()
            first_of, class_of = classes(self._ground, self.alike(prompt))
            self._classes[prompt] = np.array(first_of), class_of
        firsts, class_of = self._classes[prompt]
        reached, which = np.unique(class_of[words], return_inverse=True)
        memories = Following(firsts[reached], lambda word: (prompt, said if word < 0 else (*said, word)))
        return memories, which.ravel()

    def score(self, memory: Memory) -> float:
        assert isinstance(memory, tuple)
        prompt, said = memory
        if prompt not in self._metrics:
            if len(self._metrics) >= _METRICS:
                self._metrics.clear()
            self._metrics[prompt] = self.new_metric(prompt)
        score: float = self._metrics[prompt].corpus_score([self.written(said)], None).score
        return score / 100


def classes(ground: Ground, forms: Sequence[str]) -> tuple[list[int], NDArray[np.intp]]:
    """Words of equal form as one: the first word of each class, -1 for the end word's, and each word's class."""
    end_word = ground.language.end
    numbers: dict[str | None, int] = {}
    firsts: list[int] = []
    which = np.empty(len(forms), np.intp)
    for word, form in enumerate(forms):
        key = None if word == end_word else form
        which[word] = numbers.setdefault(key, len(numbers))
        if which[word] == len(firsts):
            firsts.append(-1 if word == end_word else word)
    return firsts, which


def stranger(known: Container[str]) -> str:
    """A character that stands for all that are not known; it belongs to no script."""
    return next(sign for sign in map(chr, range(0xE000, 0xF900)) if sign not in known)


def division(language: Language, text: str) -> tuple[int, ...]:
    """The word numbers that make `text`: as few as possible, and of several ways the one with the lowest numbers."""
    ways = {text: tuple[int, ...]()}
    queue = deque([text])
    while queue:
        rest = queue.popleft()
        if not rest:
            return ways[rest]
        for word, after in next_texts(language, rest):
            if after not in ways:
                ways[after] = (*ways[rest], word)
                queue.append(after)
    raise ValueError(f"{text!r} cannot be said")  # a scenario whose references cannot be said is refused before
