"""`fluency`: how likely each word is after the ones before it, by an n-gram model of the corpus."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.rewards.term import Following, Ground, Memory, Reward, Step, Words
from langrl_gui.core.text import Corpus, stretches
from langrl_gui.core.work import along

Smoothing = Literal["maximum-likelihood", "laplace", "lidstone", "kneser-ney"]


class FluencyReward(Reward):
    """The natural logarithm of each word's probability after the `order` - 1 words before it, or `floor` if that is
    higher; so a word that the model thinks impossible costs something that can be seen."""

    needs_corpus: ClassVar = True

    kind: Literal["fluency"] = Field(
        title=N_("Fluency"),
        description=N_("How likely each word is after the words before it, learned from the corpus (n-gram model)."),
    )
    order: int = Field(
        2,
        title=N_("Order"),
        description=N_("Words that are looked at together; 2 looks at the word before."),
        ge=1,
        le=6,
        json_schema_extra={"unit": N_("words")},
    )
    smoothing: Smoothing = Field(
        "laplace",
        title=N_("Smoothing"),
        description=N_("What a sequence that the corpus does not have is worth."),
    )
    added: float = Field(
        0.1,
        title=N_("Added count"),
        description=N_("With lidstone: how often everything counts as seen beforehand; laplace is 1."),
        ge=1e-6,
        le=1000.0,
    )
    discount: float = Field(
        0.75,
        title=N_("Discount"),
        description=N_("With kneser-ney: how much of each count is kept for what was not seen."),
        ge=0.0,
        le=1.0,
    )
    floor: float = Field(
        -10.0,
        title=N_("Floor"),
        description=N_("The least reward of a word, however unlikely it is."),
        ge=-700.0,
        le=0.0,
    )

    def term(self, ground: Ground) -> "Fluency":
        return Fluency(ground, self)


class Fluency:
    """The memory is the last `order` - 1 words, signs for the beginning of the text included."""

    def __init__(self, ground: Ground, settings: FluencyReward) -> None:
        assert ground.corpus is not None
        self._end_word = ground.language.end
        self._floor = settings.floor
        self._model = _learned(
            ground.corpus,
            len(ground.language.words),
            self._end_word,
            settings.order,
            settings.smoothing,
            settings.added,
            settings.discount,
        )

    def start(self, prompt: int) -> Memory:
        return (self._model.begin,) * (self._model.order - 1)

    def step(self, memory: Memory, words: Words) -> Step:
        assert isinstance(memory, tuple)
        events = np.append(words, np.uint32(self._model.begin))
        if self._end_word is not None:
            events[:-1][words == self._end_word] = self._model.end
        # Most words were never seen here, like the sign for a beginning. Of the others few probabilities are different:
        # those of words that were counted equally often are equal.
        every = self._model.probabilities(memory, events)
        chances, unseen = every[:-1], float(every[-1])
        rewards = np.full(len(words), self._logarithm(unseen))
        seen = np.flatnonzero(chances != unseen)
        distinct, place = np.unique(chances[seen], return_inverse=True)
        rewards[seen] = np.array(list(map(self._logarithm, distinct.tolist())))[place.ravel()]
        if not memory:
            return Step(rewards, [()], np.zeros(len(words), np.intp))
        last = memory[1:]
        return Step(rewards, Following(words, lambda word: (*last, word)), np.arange(len(words)))

    def _logarithm(self, chance: float) -> float:
        return max(math.log(chance), self._floor) if chance > 0 else self._floor

    def end(self, memory: Memory) -> float:
        return 0.0


class NGrams:
    """Probabilities of what comes next, counted in a corpus.

    Every sentence is counted with `order` - 1 signs for its beginning before it and as many, at least one, for its end
    after it. What can come next is: any word, a word outside the vocabulary, and either sign; probabilities sum to 1
    over these. Maximum likelihood, Laplace and Lidstone (Lidstone 1920) divide counts (plus 0, 1 or `added`) after the
    whole context. Kneser-Ney is the interpolated form (Chen & Goodman 1999, section 3.3, with one discount): below the
    highest order counts are of the different words that come before, and a context that was never seen is shortened.
    """

    def __init__(
        self,
        corpus: Corpus,
        words: int,
        end_word: int | None,
        order: int,
        smoothing: Smoothing,
        added: float,
        discount: float,
    ) -> None:
        self.order = order
        self.outside, self.begin, self.end = words, words + 1, words + 2
        self._events = words + 3
        self._discount = discount if smoothing == "kneser-ney" else None
        self._added = {"maximum-likelihood": 0.0, "laplace": 1.0, "lidstone": added, "kneser-ney": 0.0}[smoothing]
        before, after = [self.begin] * (self.order - 1), [self.end] * max(1, self.order - 1)
        sentences = [
            [*before, *(word if word >= 0 else self.outside for word in sentence), *after]
            for line in corpus.sentences
            for sentence in _ended(line, end_word)
        ]
        self._levels = [_packed(_counted(sentences, self.order))]  # by length of the context, the longest first
        if self._discount is not None:
            for order in range(self.order, 1, -1):
                different: _Counts = defaultdict(lambda: defaultdict(int))
                for context, following in _counted(sentences, order).items():
                    for event in following:
                        different[context[1:]][event] += 1
                self._levels.append(_packed(different))

    def probabilities(self, context: tuple[int, ...], events: NDArray[np.integer]) -> NDArray[np.float64]:
        """(n,) the chance of each of these events: words by their numbers, `outside` the vocabulary, and the signs for
        `begin` and `end`."""
        if self._discount is not None:
            return self._interpolated(context, 0, events)
        chances = np.full(len(events), self._added)
        total = self._added * self._events
        if context in self._levels[0]:
            seen, counts = self._levels[0][context]
            chances += _values_at(events, seen, counts)
            total = counts.sum() + total
        if total:
            chances /= total
        return chances

    def _interpolated(self, context: tuple[int, ...], level: int, events: NDArray[np.integer]) -> NDArray[np.float64]:
        assert self._discount is not None
        known = self._levels[level].get(context)
        if not context:
            return np.zeros(len(events)) if known is None else _values_at(events, known[0], known[1] / known[1].sum())
        lower = self._interpolated(context[1:], level + 1, events)
        if known is None:
            return lower
        seen, counts = known
        total = counts.sum()
        chances = _values_at(events, seen, np.maximum(counts - self._discount, 0.0) / total)
        chances += self._discount * len(seen) / total * lower
        return chances


_Counts = defaultdict[tuple[int, ...], defaultdict[int, int]]


def _ended(line: Sequence[int], end_word: int | None) -> Iterator[Sequence[int]]:
    """The sentences of a line: an end word that stands in the corpus ends one, as it does when it is said."""
    begin = 0
    for _ in range(line.count(end_word) if end_word is not None else 0):
        place = line.index(end_word, begin)
        yield line[begin:place]
        begin = place + 1
    if begin < len(line):
        yield line[begin:]


def _counted(sentences: list[list[int]], order: int) -> "_Counts":
    """For each context of `order` - 1 words and signs what came after it, and how often."""
    counts: _Counts = defaultdict(lambda: defaultdict(int))
    for sentence, places in stretches(sentences, tr("counting which words follow each other")):
        for last in range(max(places.start, order - 1), places.stop):
            counts[tuple(sentence[last - order + 1 : last])][sentence[last]] += 1
    return counts


def _packed(counts: _Counts) -> dict[tuple[int, ...], tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """For each context the events that were seen after it, ascending, and how often."""
    packed = {}
    what = tr("counting which words follow each other")
    for context, following in along(counts.items(), what, len(counts), lambda _: 1):
        events = np.array(list(following), np.intp)
        order = events.argsort()
        packed[context] = events[order], np.array(list(following.values()), np.float64)[order]
    return packed


def _values_at(
    events: NDArray[np.integer], known: NDArray[np.intp], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) for each event its value; 0 for those that are not `known`, which are ascending."""
    place = np.minimum(np.searchsorted(known, events), len(known) - 1)
    return np.where(known[place] == events, values[place], 0.0)


_learned = lru_cache(maxsize=4)(NGrams)
"""Models that were learned lately: tables and the exact solution ask for the same one, and so does a changed weight."""
