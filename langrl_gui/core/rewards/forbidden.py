"""`forbidden`: phrases that must not be said, paid for or not offered."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.rewards import phrases
from langrl_gui.core.rewards.term import Amount, Ground, Memory, Reward, Step, Words
from langrl_gui.core.schema import as_tuple

Phrases = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], as_tuple]


class ForbiddenReward(Reward):
    """`amount` each time that a phrase has been said, wherever it begins and ends in the text; as a mask, a word with
    which a phrase would have been said is not offered at all."""

    kind: Literal["forbidden"] = Field(
        title=N_("Forbidden phrases"),
        description=N_("Phrases that must not be said, also where they reach across several words."),
    )
    phrases: Phrases = Field(
        title=N_("Phrases"),
        description=N_("Texts to look for, written as they would be said."),
        min_length=1,
        max_length=10_000,
    )
    amount: Amount = Field(-1.0, title=N_("Amount"), description=N_("Reward each time that a phrase has been said."))
    whole_words: bool = Field(
        False,
        title=N_("Whole words"),
        description=N_("Count a phrase only where it begins and ends with a word; otherwise inside words as well."),
    )
    use: Literal["reward", "mask"] = Field(
        "reward",
        title=N_("Use"),
        description=N_("As a reward, or as a mask: then a word that completes a phrase cannot be chosen."),
    )

    def term(self, ground: Ground) -> "Forbidden":
        return Forbidden(ground, self)

    def faults(self, path: str, ground: Ground) -> list[str]:
        return super().faults(path, ground) + phrases.faults(path, ground, self.phrases)


class Forbidden:
    """The memory is how much has been said of phrases that may still be completed."""

    def __init__(self, ground: Ground, settings: ForbiddenReward) -> None:
        self._settings = settings
        self._said = phrases.Said(ground)
        self._automaton = phrases.Automaton(settings.phrases)
        self._end_word = ground.language.end

    def start(self, prompt: int) -> Memory:
        return () if self._settings.whole_words else phrases.NOTHING_SAID

    def step(self, memory: Memory, words: Words) -> Step:
        find = self._whole if self._settings.whole_words else self._anywhere
        memories, which, times = find(memory, words)
        allowed = times == 0 if self._settings.use == "mask" else None
        return Step(times * self._settings.amount, memories, which, allowed)

    def end(self, memory: Memory) -> float:
        return 0.0

    def _anywhere(self, memory: Memory, words: Words) -> tuple[list[Memory], NDArray[np.intp], NDArray[np.float64]]:
        assert isinstance(memory, int)
        added = self._said.added(words, memory == phrases.NOTHING_SAID)
        after, times = np.empty(len(added), np.intp), np.zeros(len(added))
        for place, text in enumerate(added):
            state = max(memory, 0)
            for character in text:
                state = self._automaton.step(state, character)
                times[place] += len(self._automaton.ends[state])
            after[place] = state
        states, which = np.unique(after, return_inverse=True)
        return states.tolist(), which, times

    def _whole(self, memory: Memory, words: Words) -> tuple[list[Memory], NDArray[np.intp], NDArray[np.float64]]:
        """The memory is what is left of each phrase that has been begun, and begun with a word."""
        assert isinstance(memory, tuple)
        first, later = self._said.added(words, True), self._said.added(words, False)
        numbers: dict[Memory, int] = {}
        which, times = np.zeros(len(first), np.intp), np.zeros(len(first))
        for place, (word, begins, goes_on) in enumerate(zip(words.tolist(), first, later, strict=True)):
            left: list[str] = []
            if word != self._end_word:
                for text, rests in ((begins, self._settings.phrases), (goes_on, memory)):
                    for rest in rests:
                        if rest == text:
                            times[place] += 1
                        elif rest.startswith(text):
                            left.append(rest[len(text) :])
            which[place] = numbers.setdefault(tuple(sorted(left)), len(numbers))
        return list(numbers), which, times
