"""Reward terms as small automata, and their sum as one automaton over word numbers.

A term answers three questions about a memory: where it starts, what every word would earn and lead to, and what ending
here earns. Terms are asked once per memory while the environment is traced, and never by the learning loop.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.language import Language, Prompt, next_texts
from langrl_gui.core.scenario import MatchReward, Scenario
from langrl_gui.core.text import Corpus

Memory = Hashable


class Ground(NamedTuple):
    """What a term may build on."""

    language: Language
    prompts: Sequence[Prompt]
    corpus: Corpus | None
    """The language's corpus, where it has one."""
    gamma: float
    """Today's discount."""


class Step(NamedTuple):
    """What every word would do from one memory."""

    rewards: NDArray[np.float64]
    """(words,) reward of each word, before the term's weight."""
    memories: Sequence[Memory]
    """The distinct memories that can follow."""
    which: NDArray[np.intp]
    """(words,) index into `memories` for each word."""
    allowed: NDArray[np.bool_] | None = None
    """(words,) which words may be said here at all; None: all of them."""


class Term(Protocol):
    """One weighted part of the reward. Memories are hashable, and equal where nothing can tell them apart."""

    def start(self, prompt: int) -> Memory:
        """The memory in which an episode of this prompt begins."""
        ...

    def step(self, memory: Memory) -> Step:
        """What each word would earn, and the memory it would lead to."""
        ...

    def end(self, memory: Memory) -> float:
        """What it earns that the text ends with this memory, added to the reward of its last word."""
        ...


class Match:
    """`right` where some reference that agrees with the text so far goes on like this, `wrong` elsewhere.

    The memory is the set of what is left of the references that agree with the text so far, compared as text; so a
    reference may be said in any division into words. Past a reference's end only the end word is right.
    """

    def __init__(self, ground: Ground, settings: MatchReward) -> None:
        self._language = ground.language
        self._prompts = ground.prompts
        self._settings = settings
        self._end_word = self._language.end

    def start(self, prompt: int) -> Memory:
        return tuple(sorted(set(self._prompts[prompt].references)))

    def step(self, memory: Memory) -> Step:
        assert isinstance(memory, tuple)
        words = len(self._language.words)
        left: dict[int, set[str]] = {}
        for rest in memory:
            if rest:
                for word, after in next_texts(self._language, rest):
                    left.setdefault(word, set()).add(after)
            elif self._end_word is not None:
                left.setdefault(self._end_word, set())
        rewards = np.full(words, self._settings.wrong)
        which = np.zeros(words, np.intp)
        memories: list[Memory] = [()]
        for word, rests in left.items():
            rewards[word] = self._settings.right
            which[word] = len(memories)
            memories.append(tuple(sorted(rests)))
        return Step(rewards, memories, which)

    def end(self, memory: Memory) -> float:
        return 0.0


def build(scenario: Scenario) -> list[Term]:
    """The scenario's reward terms, in its order."""
    language = scenario.language
    ground = Ground(language, scenario.starts, language.source, scenario.learner.gamma)
    return [Match(ground, settings) for settings in scenario.rewards]


@dataclass
class _Moves:
    """Everything that can follow one joint memory; index 0 of the first axis: the text goes on, 1: it ends here."""

    rewards: NDArray[np.float64]  # (2, words)
    shares: NDArray[np.uint32]  # (2, words) rows of Dynamics.shares
    successors: NDArray[np.uint32]  # (words,) joint memories
    offered: NDArray[np.bool_]  # (words,) which words every term allows


@dataclass
class Dynamics:
    """All terms together: joint memories as numbers, each asked once, and the sum of the terms' shares.

    The reward of a step is the terms' amounts times their weights, added left to right in scenario order.
    """

    scenario: Scenario
    terms: list[Term] = field(init=False)
    shares: list[tuple[float, ...]] = field(init=False, default_factory=list)
    """Distinct amounts of the terms, before weights; tables refer to them by number."""

    def __post_init__(self) -> None:
        language = self.scenario.language
        self.terms = build(self.scenario)
        self.words = len(language.words)
        self._weights = [settings.weight for settings in self.scenario.rewards]
        self._share_numbers: dict[tuple[float, ...], int] = {}
        self._memories: list[tuple[Memory, ...]] = []
        self._memory_numbers: dict[tuple[Memory, ...], int] = {}
        self._moves: dict[int, _Moves] = {}
        self.ends_text = np.zeros(self.words, bool)
        if language.end_word:
            self.ends_text[language.words.index(language.end_word)] = True

    def start(self, prompt: int) -> int:
        """The joint memory in which an episode of this prompt begins."""
        return self._number(tuple(term.start(prompt) for term in self.terms))

    def moves(self, joint: int) -> _Moves:
        """What every word earns and leads to from this joint memory."""
        if joint not in self._moves:
            self._moves[joint] = self._ask(joint)
        return self._moves[joint]

    def _number(self, memory: tuple[Memory, ...]) -> int:
        number = self._memory_numbers.setdefault(memory, len(self._memories))
        if number == len(self._memories):
            self._memories.append(memory)
        return number

    def _ask(self, joint: int) -> _Moves:
        steps = [term.step(memory) for term, memory in zip(self.terms, self._memories[joint], strict=True)]
        # Words that lead every term to the same memory lead to one joint memory: number the distinct combinations only.
        combinations, which = np.unique(np.stack([step.which for step in steps]), axis=1, return_inverse=True)
        numbers = np.array(
            [
                self._number(tuple(step.memories[i] for step, i in zip(steps, column, strict=True)))
                for column in combinations.T
            ],
            np.uint32,
        )
        goes_on = np.stack([step.rewards for step in steps])
        ending = np.stack(
            [
                np.array([term.end(memory) for memory in step.memories])[step.which]
                for term, step in zip(self.terms, steps, strict=True)
            ]
        )
        amounts = np.stack([goes_on, goes_on + ending])  # (2, terms, words)
        rewards = amounts[:, 0] * self._weights[0]
        for term, weight in enumerate(self._weights[1:], start=1):
            rewards = rewards + amounts[:, term] * weight
        rewards = rewards + 0.0  # there is one zero: no sign of a product may reach a hash
        offered = np.ones(self.words, bool)
        for step in steps:
            if step.allowed is not None:
                offered &= step.allowed
        return _Moves(rewards, self._code(amounts), numbers[which.ravel()], offered)

    def _code(self, amounts: NDArray[np.float64]) -> NDArray[np.uint32]:
        """The number of each distinct column of term amounts, (2, terms, words) -> (2, words)."""
        columns = amounts.transpose(0, 2, 1).reshape(-1, len(self.terms))
        distinct, which = np.unique(columns, axis=0, return_inverse=True)
        numbers = np.empty(len(distinct), np.uint32)
        for index, column in enumerate(distinct):
            key = tuple(column.tolist())
            numbers[index] = self._share_numbers.setdefault(key, len(self.shares))
            if numbers[index] == len(self.shares):
                self.shares.append(key)
        return numbers[which.ravel()].reshape(2, self.words)
