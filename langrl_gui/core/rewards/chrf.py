"""`chrf`: the character sequences that a text shares with the references, as sacrebleu counts them."""

import string
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.rewards.score import ScoreReward, TextScore, stranger
from langrl_gui.core.rewards.term import Ground


class ChrfReward(ScoreReward):
    """chrF (Popovic 2015), and with words chrF++ (Popovic 2017), from 0 to 1: sacrebleu's sentence score."""

    needs_references: ClassVar = True

    kind: Literal["chrf"] = Field(
        title="chrF",
        description=N_("How many characters and character sequences the text shares with the references, from 0 to 1."),
    )
    order: int = Field(
        6, title=N_("Order"), description=N_("The longest sequence of characters that is counted."), ge=1, le=20
    )
    word_order: int = Field(
        0,
        title=N_("Word order"),
        description=N_("The longest sequence of words that is counted too; 2 makes it chrF++."),
        ge=0,
        le=10,
    )
    beta: int = Field(
        2, title="β", description=N_("How many times as much it counts to say all as to say nothing else."), ge=1, le=10
    )

    def term(self, ground: Ground) -> "Chrf":
        return Chrf(ground, self)


_KEPT: Final = set(string.punctuation + string.whitespace)
"""Characters at which sacrebleu divides words, or leaves out."""


class Chrf(TextScore):
    """Characters in none of the prompt's references are one character: chrF sees only how many there are."""

    def __init__(self, ground: Ground, settings: ChrfReward) -> None:
        super().__init__(ground, settings.paid)
        self._settings = settings
        signs = set[str]().union(*ground.language.words)
        self._signs = {sign for sign in signs if sign not in _KEPT and not sign.isspace()}

    def alike(self, prompt: int) -> Sequence[str]:
        known = set[str]().union(*self._ground.prompts[prompt].references)
        others = dict.fromkeys(map(ord, self._signs - known), stranger(known))
        return [word.translate(others) for word in self._ground.language.words]

    def new_metric(self, prompt: int) -> Any:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(
            char_order=self._settings.order,
            word_order=self._settings.word_order,
            beta=self._settings.beta,
            references=[[text] for text in self._ground.prompts[prompt].references],
        )

    def written(self, words: Sequence[int]) -> str:
        return self._ground.language.join(words)
