"""A reward for LangRL Studio: words that end like the word before them."""

from typing import Literal

import numpy as np
from pydantic import Field

from langrl_gui.core.rewards import Amount, Ground, Memory, Reward, Step, Words


class RhymeReward(Reward):
    """`amount` for a word that ends like the word before it."""

    kind: Literal["rhyme"] = Field(title="Rhyme", description="Pays for a word that ends like the word before it.")
    letters: int = Field(1, title="Letters", description="How many letters must be the same.", ge=1, le=10)
    amount: Amount = Field(1.0, title="Amount", description="Reward for each rhyme.")

    def term(self, ground: Ground) -> "Rhyme":
        return Rhyme(ground, self)


class Rhyme:
    """The memory is how the last word ended."""

    def __init__(self, ground: Ground, settings: RhymeReward) -> None:
        self._amount = settings.amount
        ends = np.array([word[-settings.letters :] for word in ground.language.words])
        self._endings, self._which = np.unique(ends, return_inverse=True)

    def start(self, prompt: int) -> Memory:
        return ""

    def step(self, memory: Memory, words: Words) -> Step:
        endings, which = np.unique(self._which[words], return_inverse=True)
        rewards = np.where(self._endings[endings] == memory, self._amount, 0.0)
        return Step(rewards[which], self._endings[endings].tolist(), which)

    def end(self, memory: Memory) -> float:
        return 0.0
