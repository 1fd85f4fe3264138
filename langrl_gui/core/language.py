"""What can be said: words, prompts, how long a text may be, and how much of it the agent sees."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from langrl_gui.core.errors import ScenarioError, TextError
from langrl_gui.core.faults import quoted
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.schema import Part, as_tuple
from langrl_gui.core.text import Corpus, read_corpus

MOST_WORDS: Final = 100_000

ReadCorpus = Callable[[str, str], str]
"""(name, tokenizer) -> the marked text of the corpus of this name."""


class Reading(NamedTuple):
    """A corpus, and how words are taken from it: `most` of them, or those that are listed."""

    name: str
    tokenizer: str
    listed: tuple[str, ...]
    most: int
    end_word: str

    def of(self, marked: str) -> Corpus:
        """What is read in its marked text."""
        return read_corpus(marked, self.tokenizer, self.listed, self.most, self.end_word)


class Language(Part):
    """What can be said, and how much of it the agent sees."""

    listed: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], as_tuple] = Field(
        (),
        alias="words",
        title=N_("Words"),
        description=N_("Everything the agent can say, one word at a time; left out, the words are the corpus's."),
        min_length=1,
        max_length=MOST_WORDS,
        json_schema_extra={"flow": True},
    )
    corpus: str | None = Field(
        None,
        title=N_("Corpus"),
        description=N_("A UTF-8 text file beside the scenario's own, or below it, from which words are learned."),
        min_length=1,
        max_length=1000,
    )
    tokenizer: Literal["characters", "words", "whitespace", "jieba"] = Field(
        "words",
        title=N_("Tokenizer"),
        description=N_("How the corpus is cut into words; jieba knows Chinese and is installed apart."),
    )
    max_words: int = Field(
        MOST_WORDS,
        title=N_("Most words"),
        description=N_("How many of the corpus's words the agent can say: those that are there most often."),
        ge=1,
        le=MOST_WORDS,
        json_schema_extra={"unit": N_("words")},
    )
    joiner: str = Field(
        "",
        title=N_("Joiner"),
        description=N_("What stands between two words: a space for languages that write spaces, nothing for Chinese."),
    )
    max_length: int = Field(
        title=N_("Length"),
        description=N_("A text ends when it has this many words."),
        ge=1,
        le=1000,
        json_schema_extra={"unit": N_("words")},
    )
    end_word: str = Field(
        "",
        title=N_("End word"),
        description=N_("The word that ends a text early when it is said; empty where every text runs to its length."),
    )
    context: Literal["all"] | Annotated[int, Field(ge=0, le=1000)] = Field(
        "all",
        title=N_("Sees"),
        description=N_('How much of the text the agent sees: "all", or the number of last words.'),
    )
    sees_position: bool = Field(
        False,
        title=N_("Sees position"),
        description=N_("Whether the agent also sees how many words have been said."),
    )
    shortlist: Annotated[int, Field(ge=1, le=MOST_WORDS)] | None = Field(
        None,
        title=N_("Shortlist"),
        description=N_(
            "Offers only so many words at a time: those that the corpus has most often after the last word."
        ),
        json_schema_extra={"unit": N_("words")},
    )
    slip: float = Field(
        0.0,
        title=N_("Slip"),
        description=N_("Chance that a word drawn from those offered is emitted in place of the chosen one."),
        ge=0.0,
        le=1.0,
    )

    _source: Corpus | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _read_corpus(self, info: ValidationInfo) -> Self:
        if (reading := self.reading) is not None and info.context is not None:
            try:
                self._source = info.context.read(reading)
            except TextError as error:
                found = quoted(reading.name)
                fault = tr("{path}: {found}: {reason}", path="language.corpus", found=found, reason=error)
                raise ScenarioError([fault]) from None
        return self

    @property
    def reading(self) -> Reading | None:
        """How the corpus is read, where there is one."""
        if self.corpus is None:
            return None
        return Reading(self.corpus, self.tokenizer, self.listed, self.max_words, self.end_word)

    @property
    def source(self) -> Corpus | None:
        """The corpus, where there is one."""
        return self._source

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that can be said: the words that are listed, or else the corpus's."""
        return self.listed or (self._source.words if self._source else ())

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Word -> its number; the first one where a word is there twice."""
        return {word: number for number, word in reversed(list(enumerate(self.words)))}

    @property
    def end(self) -> int | None:
        """The number of the end word."""
        return self.numbers.get(self.end_word)

    @cached_property
    def word_lengths(self) -> tuple[int, ...]:
        """The lengths that words have, in code points, ascending."""
        return tuple(sorted({len(word) for word in self.words}))

    @property
    def slots(self) -> int:
        """Choices in a state at most: the words, or the shortlist's where the agent sees what that depends on."""
        if self.shortlist is None or self.context == 0:
            return len(self.words)
        return min(self.shortlist, len(self.words))

    @property
    def seen_words(self) -> int:
        """The most words of the text that the agent ever sees."""
        return self.max_length - 1 if self.context == "all" else min(self.context, self.max_length - 1)

    def join(self, words: Sequence[int]) -> str:
        """The text that these word numbers make; the end word is a sign, not a part of it."""
        return self.joiner.join(self.words[w] for w in words if self.words[w] != self.end_word)


class Prompt(Part):
    """What an episode starts from."""

    text: str = Field(
        "", title=N_("Prompt"), description=N_("What the agent answers: a sentence, an utterance, or nothing.")
    )
    references: Annotated[tuple[str, ...], as_tuple] = Field(
        (), title=N_("References"), description=N_("Texts that would be a good answer.")
    )
    weight: float = Field(
        1.0,
        title=N_("Weight"),
        description=N_("How often this prompt is drawn, relative to the others."),
        ge=1e-6,
        le=1e6,
    )


def next_texts(language: Language, rest: str) -> list[tuple[int, str]]:
    """Every word with which the text `rest` can begin, and what is left of the text after it and its joiner.

    In ascending order of word numbers. The end word is a sign and never a part of a text.
    """
    found = []
    for length in language.word_lengths:
        if length > len(rest):
            break
        number = language.numbers.get(rest[:length])
        if number is None or number == language.end:
            continue
        if len(rest) == length:
            found.append((number, ""))
        elif rest.startswith(language.joiner, length) and len(rest) > length + len(language.joiner):
            found.append((number, rest[length + len(language.joiner) :]))
    return sorted(found)


def unsayable(language: Language, text: str) -> str:
    """Why the agent can never say exactly `text`; empty if it can. Breadth first over what is left to say."""
    if not text:
        return "" if language.end_word else tr('an empty text can only be said where there is an "end_word"')
    frontier, shortest = {text}, text
    for _ in range(language.max_length):
        frontier = {rest for left in frontier for _, rest in next_texts(language, left)}
        if "" in frontier:
            return ""
        if not frontier:
            said = text[: len(text) - len(shortest)]
            hint = _remedy(language, shortest)
            if not said and language.joiner:
                return tr("{text} cannot be said: it does not begin with one of the words and {joiner} after it",
                          text=quoted(text), joiner=quoted(language.joiner)) + hint  # fmt: skip
            if not said:
                return tr("{text} cannot be said: it does not begin with one of the words", text=quoted(text)) + hint
            return tr("{text} cannot be said: after {said} none of the words goes on like {rest}",
                      text=quoted(text), said=quoted(said), rest=quoted(shortest)) + hint  # fmt: skip
        shortest = min(frontier, key=lambda rest: (len(rest), rest))
    return tr(
        "{text} has more than {limit} words; raise language.max_length", text=quoted(text), limit=language.max_length
    )


def _remedy(language: Language, rest: str) -> str:
    """What to change so that `rest` can be said, if that is likely one thing."""
    if not language.joiner and rest[0].isspace():
        return tr("; set language.joiner to {joiner}, which stands between words here", joiner=quoted(rest[0]))
    word = rest.split(language.joiner)[0] if language.joiner else ""
    if language.end_word and (word or rest).startswith(language.end_word):
        return tr("; {word} is the end word, a sign that is not written in a reference", word=quoted(language.end_word))
    if language.source is not None and word in language.source.others:
        if language.listed:
            return tr("; add {word} to language.words", word=quoted(word))
        return tr("; the corpus has {word}, but other words more often: raise language.max_words", word=quoted(word))
    return ""
