"""`length`: what it costs to say too little or too much."""

from typing import Literal

import numpy as np
from pydantic import Field

from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.rewards.term import Amount, Ground, Memory, ShapableReward, Step, Words


class LengthReward(ShapableReward):
    """At the end `amount` for every word that the text has less than `least` or more than `most`; the end word is not
    counted."""

    kind: Literal["length"] = Field(
        title=N_("Length"), description=N_("What it costs when a text ends with too few words, or with too many.")
    )
    least: int = Field(
        0,
        title=N_("Least"),
        description=N_("The fewest words that cost nothing."),
        ge=0,
        le=1000,
        json_schema_extra={"unit": N_("words")},
    )
    most: int = Field(
        1000,
        title=N_("Most"),
        description=N_("The most words that cost nothing."),
        ge=0,
        le=1000,
        json_schema_extra={"unit": N_("words")},
    )
    amount: Amount = Field(
        -1.0, title=N_("Amount"), description=N_("Reward for each word that is missing or too many.")
    )

    def term(self, ground: Ground) -> "Length":
        return Length(ground, self)

    def faults(self, path: str, ground: Ground) -> list[str]:
        faults = super().faults(path, ground)
        longest = ground.language.max_length
        if self.least > self.most:
            faults.append(
                tr("{path}.least: {least} words are more than the {most} that are allowed; raise most",
                   path=path, least=self.least, most=self.most)
            )  # fmt: skip
        elif self.least > longest:
            faults.append(
                tr("{path}.least: no text has {least} words; raise language.max_length, which is {longest}",
                   path=path, least=self.least, longest=longest)
            )  # fmt: skip
        return faults


class Length:
    """The memory is the number of words said."""

    def __init__(self, ground: Ground, settings: LengthReward) -> None:
        self._settings = settings
        self._counts = np.ones(len(ground.language.words), np.intp)
        if ground.language.end is not None:
            self._counts[ground.language.end] = 0

    def start(self, prompt: int) -> Memory:
        return 0

    def step(self, memory: Memory, words: Words) -> Step:
        assert isinstance(memory, int)
        return Step(np.zeros(len(words)), [memory, memory + 1], self._counts[words])

    def end(self, memory: Memory) -> float:
        assert isinstance(memory, int)
        amiss = max(self._settings.least - memory, 0) + max(memory - self._settings.most, 0)
        return self._settings.amount * amiss if amiss else 0.0

    def potential(self, memory: Memory) -> float:
        return self.end(memory)
