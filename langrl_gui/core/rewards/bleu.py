"""`bleu`: the words and word sequences that a text shares with the references, as sacrebleu counts them."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.rewards.score import ScoreReward, TextScore, division, stranger
from langrl_gui.core.rewards.term import Ground


class BleuReward(ScoreReward):
    """Sentence BLEU (Papineni et al. 2002) from 0 to 1: sacrebleu's, with no tokenizer but the language's own words,
    exponential smoothing (Chen & Cherry 2014) and the effective order.

    A reference is counted in the fewest words that make it.
    """

    needs_references: ClassVar = True

    kind: Literal["bleu"] = Field(
        title="BLEU",
        description=N_("How many words and word sequences the text shares with the references, from 0 to 1."),
    )
    order: int = Field(
        4, title=N_("Order"), description=N_("The longest sequence of words that is counted."), ge=1, le=10
    )

    def term(self, ground: Ground) -> "Bleu":
        return Bleu(ground, self)


class Bleu(TextScore):
    """Words in none of the prompt's references are one word: BLEU sees nothing of them but how many there are."""

    def __init__(self, ground: Ground, settings: BleuReward) -> None:
        super().__init__(ground, settings.paid)
        self._order = settings.order

    def alike(self, prompt: int) -> Sequence[str]:
        language = self._ground.language
        known = {word for text in self._references(prompt) for word in text.split()}
        # A word with spaces in it is as many words to sacrebleu.
        other = stranger(known)
        return [" ".join(part if part in known else other for part in word.split()) for word in language.words]

    def new_metric(self, prompt: int) -> Any:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(
            tokenize="none",
            effective_order=True,
            max_ngram_order=self._order,
            references=[[text] for text in self._references(prompt)],
        )

    def _references(self, prompt: int) -> list[str]:
        language = self._ground.language
        return [self.written(division(language, text)) for text in self._ground.prompts[prompt].references]

    def written(self, words: Sequence[int]) -> str:
        return " ".join(self._ground.language.words[word] for word in words)
