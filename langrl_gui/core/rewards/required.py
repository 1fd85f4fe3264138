"""`required`: phrases that a text must mention."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.rewards import phrases
from langrl_gui.core.rewards.forbidden import Phrases
from langrl_gui.core.rewards.score import Score, ScoreReward
from langrl_gui.core.rewards.term import Ground, Memory, Words


class RequiredReward(ScoreReward):
    """The share of the phrases that the text mentions, from 0 to 1.

    In order, a phrase counts once those before it have been said, and begins after the one before it has ended.
    """

    kind: Literal["required"] = Field(
        title=N_("Required phrases"),
        description=N_("What the text must mention: the share of these phrases that have been said, from 0 to 1."),
    )
    phrases: Phrases = Field(
        title=N_("Phrases"),
        description=N_("Texts to look for, written as they would be said."),
        min_length=1,
        max_length=100,
    )
    in_order: bool = Field(
        False, title=N_("In order"), description=N_("Whether the phrases must come one after another, as listed.")
    )

    def term(self, ground: Ground) -> "Required":
        return Required(ground, self)

    def faults(self, path: str, ground: Ground) -> list[str]:
        repeated = [] if self.in_order else phrases.faults(path, ground, self.phrases)
        return super().faults(path, ground) + repeated + phrases.never_said(path, ground, self.phrases)


class Required(Score):
    """The memory is which phrases have been said, and how much of the others has been begun."""

    def __init__(self, ground: Ground, settings: RequiredReward) -> None:
        super().__init__(settings.paid)
        self._said = phrases.Said(ground)
        self._phrases = settings.phrases
        self._in_order = settings.in_order
        self._together = phrases.Automaton(settings.phrases)
        self._each = [phrases.Automaton([phrase]) for phrase in settings.phrases] if settings.in_order else []

    def start(self, prompt: int) -> Memory:
        return frozenset[int](), phrases.NOTHING_SAID

    def follow(self, memory: Memory, words: Words) -> tuple[list[Memory], NDArray[np.intp]]:
        assert isinstance(memory, tuple)
        found, state = memory
        added = self._said.added(words, state == phrases.NOTHING_SAID)
        numbers: dict[Memory, int] = {}
        go_on = self._one_after_another if self._in_order else self._in_any_order
        which = np.array([numbers.setdefault(go_on(found, max(state, 0), text), len(numbers)) for text in added])
        return list(numbers), which

    def score(self, memory: Memory) -> float:
        assert isinstance(memory, tuple)
        return len(memory[0]) / len(self._phrases)

    def _in_any_order(self, found: frozenset[int], state: int, text: str) -> Memory:
        for character in text:
            state = self._together.step(state, character)
            found = found.union(self._together.ends[state])
        return found, state if len(found) < len(self._phrases) else 0

    def _one_after_another(self, found: frozenset[int], state: int, text: str) -> Memory:
        for character in text:
            if len(found) == len(self._phrases):
                return found, 0
            automaton = self._each[len(found)]
            state = automaton.step(state, character)
            if automaton.ends[state]:
                found, state = found | {len(found)}, 0
        return found, state
