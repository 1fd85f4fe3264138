"""`repetition`: what it costs to say the same again."""

from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.rewards.term import Amount, Following, Ground, Memory, Reward, Step, Words, places


class RepetitionReward(Reward):
    """`amount` for a word with which the last `order` words have been said before, in this text, at most `within` words
    ago."""

    kind: Literal["repetition"] = Field(
        title=N_("Repetition"),
        description=N_("What it costs to say again what this text has said before: a word, or several in a row."),
    )
    order: int = Field(
        1,
        title=N_("Order"),
        description=N_("How many words in a row make a repetition."),
        ge=1,
        le=10,
        json_schema_extra={"unit": N_("words")},
    )
    within: Literal["all"] | Annotated[int, Field(ge=1, le=1000)] = Field(
        "all",
        title=N_("Within"),
        description=N_('How far back a repetition counts: "all", or a number of words; 1 is at once.'),
    )
    amount: Amount = Field(-1.0, title=N_("Amount"), description=N_("Reward for each repetition."))

    def term(self, ground: Ground) -> "Repetition":
        return Repetition(ground, self)


class Repetition:
    """The memory is (the sequences that would be a repetition, as a set or in the order they were said; the words that
    the next sequence begins with)."""

    def __init__(self, ground: Ground, settings: RepetitionReward) -> None:
        self._end_word = ground.language.end
        self._settings = settings

    def start(self, prompt: int) -> Memory:
        return (frozenset[tuple[int, ...]]() if self._settings.within == "all" else ()), ()

    def step(self, memory: Memory, words: Words) -> Step:
        assert isinstance(memory, tuple)
        said, last = memory
        rewards = np.zeros(len(words))
        again = {sequence[-1] for sequence in said if sequence[:-1] == last}
        for place, _ in places(words, again):
            rewards[place] = self._settings.amount
        return Step(rewards, Following(words, partial(self._after, said, last)), np.arange(len(words)))

    def _after(self, said: Any, last: tuple[int, ...], word: int) -> Memory:
        """The memory after one more word."""
        order, within = self._settings.order, self._settings.within
        row = (*last, word)
        if word == self._end_word:
            return said, last
        if len(row) < order:
            return said, row
        return (said | {row} if within == "all" else (*said, row)[-within:]), row[1:]

    def end(self, memory: Memory) -> float:
        return 0.0
