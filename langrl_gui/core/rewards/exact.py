"""`exact`: the whole text is one of the references, or it is not."""

from typing import ClassVar, Literal

from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.rewards.match import Rests
from langrl_gui.core.rewards.term import Amount, Ground, Memory, ShapableReward, Step, Words


class ExactReward(ShapableReward):
    """`right` at the end of a text that equals a reference, `wrong` at the end of any other."""

    needs_references: ClassVar = True

    kind: Literal["exact"] = Field(
        title=N_("Exact text"),
        description=N_("Paid at the end: whether the whole text equals one of the references."),
    )
    right: Amount = Field(1.0, title=N_("Right"), description=N_("Reward for a text that equals a reference."))
    wrong: Amount = Field(0.0, title=N_("Wrong"), description=N_("Reward for any other text."))

    def term(self, ground: Ground) -> "Exact":
        return Exact(ground, self)


class Exact:
    """Remembers what `match` does; its potential is `right` for as long as the text can still become a reference."""

    def __init__(self, ground: Ground, settings: ExactReward) -> None:
        self._rests = Rests(ground)
        self._settings = settings

    def start(self, prompt: int) -> Memory:
        return self._rests.start(prompt)

    def step(self, memory: Memory, words: Words) -> Step:
        return self._rests.step(memory, words)[0]

    def end(self, memory: Memory) -> float:
        assert isinstance(memory, tuple)
        return self._settings.right if "" in memory else self._settings.wrong

    def potential(self, memory: Memory) -> float:
        return self._settings.right if memory else self._settings.wrong
