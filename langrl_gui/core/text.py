"""Corpora: text cut into words by a tokenizer, the words counted, and what usually follows what.

A text is compared as it is written: nothing is normalised, so é in one code point and é in two are two words.
Knows nothing of scenarios or files.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import islice
from typing import Any, Final, TypeVar

import numpy as np
import regex
from numpy.typing import NDArray

from langrl_gui.core.errors import TextError
from langrl_gui.core.i18n import tr
from langrl_gui.core.work import along

MARK: Final = "\x1f"
"""Stands between two pieces of a marked text: ASCII's unit separator, which no text needs for anything else."""
AT_ONCE: Final = 4096
"""Words up to which a line is worked through at once: some milliseconds. A text may be one line of millions."""

_One = TypeVar("_One")


@dataclass(frozen=True)
class Corpus:
    """A text as sentences of words. A sentence is a line that is not empty.

    Attributes
    ----------
    marked : str
        The text with a MARK between its pieces: what travels in a saved run, so that it is cut there as it was here.
    words : tuple of str
        The vocabulary.
    sentences : tuple of tuple of int
        Word numbers; -1 for words that are not in the vocabulary.
    counts : (words,) int64
        How often each word stands in the text. An end word that the text does not have counts its sentences.
    others : frozenset of str
        The words of the text that are not in the vocabulary.
    """

    marked: str = field(repr=False)
    words: tuple[str, ...] = field(repr=False)
    sentences: tuple[tuple[int, ...], ...] = field(repr=False, compare=False)
    counts: NDArray[np.int64] = field(repr=False, compare=False)
    others: frozenset[str] = field(repr=False, compare=False)

    @property
    def text(self) -> str:
        """The text as it was read."""
        return self.marked.replace(MARK, "")

    @cached_property
    def length(self) -> int:
        """How many words it has, those included that are not in the vocabulary."""
        return sum(map(len, self.sentences))

    def frequent(self, most: int) -> dict[str, int]:
        """The words of the vocabulary that are there most often, with their counts, the most frequent first."""
        order = (-self.counts).argsort(kind="stable")[:most].tolist()
        return {self.words[number]: int(self.counts[number]) for number in order}


# -- tokenizers -------------------------------------------------------------------------------------------------------

_CLUSTERS: Final = regex.compile(r"\X")
_WORD_BREAKS: Final = regex.compile(r"\b", regex.WORD | regex.V1)
_SPACES: Final = regex.compile(r"(\s+)")


def _characters(line: str) -> Iterator[str]:
    return (found[0] for found in _CLUSTERS.finditer(line))


def _words(line: str) -> Iterator[str]:
    return iter(_WORD_BREAKS.splititer(line))


def _whitespace(line: str) -> Iterator[str]:
    return iter(_SPACES.splititer(line))


def _jieba(line: str) -> Iterator[str]:
    return iter(_jieba_tokenizer().cut(line))


@cache
def _jieba_tokenizer() -> Any:
    try:
        import jieba
        from jieba import finalseg
    except ImportError:
        raise TextError(
            tr("the tokenizer jieba is not installed; install it with: pip install jieba, or choose another tokenizer")
        ) from None

    class Tokenizer(jieba.Tokenizer):  # type: ignore[misc]
        """The same, but a sentence without a sign in it, be it as long as it may, is worked through in parts."""

        def get_DAG(self, sentence: str) -> dict[int, list[int]]:  # noqa: N802 (jieba's name)
            """For each place where the words end that may begin there; none is longer than `self.longest`."""
            words: dict[int, list[int]] = {}
            for first in _parts_of(sentence):
                part = super().get_DAG(sentence[first : first + AT_ONCE + self.longest])
                for place in range(min(AT_ONCE, len(sentence) - first)):
                    words[first + place] = [first + last for last in part[place]]
            return words

        def calc(self, sentence: str, words: dict[int, list[int]], route: dict[int, tuple[float, int]]) -> None:
            """The likeliest way from each place to the end, from the last place to the first."""
            end, total = len(sentence), math.log(self.total)
            route[end] = (0, 0)
            for first in _parts_of(sentence):
                for place in range(end - 1 - first, max(end - 1 - first - AT_ONCE, -1), -1):
                    route[place] = max(
                        (math.log(self.FREQ.get(sentence[place : last + 1]) or 1) - total + route[last + 1][0], last)
                        for last in words[place]
                    )

        def _Tokenizer__cut_DAG(self, sentence: str) -> Iterator[str]:  # noqa: N802 (what jieba's `cut` calls)
            """The words on the likeliest way. Signs in a row that are a word each may be words nobody knows."""
            route: dict[int, tuple[float, int]] = {}
            self.calc(sentence, self.get_DAG(sentence), route)
            alone = place = 0
            while place < len(sentence):
                after = route[place][1] + 1
                if after - place > 1:
                    yield from self._unknown(sentence[alone:place])
                    yield sentence[place:after]
                    alone = after
                place = after
            yield from self._unknown(sentence[alone:])

        def _unknown(self, signs: str) -> Iterator[str]:
            """Words of signs that the dictionary has one by one."""
            if len(signs) < 2 or self.FREQ.get(signs):
                yield from signs
                return
            for block in finalseg.re_han.split(signs):
                if finalseg.re_han.match(block):
                    ways = _likeliest_way(block, finalseg)
                    first = 0
                    for last, way in enumerate(ways):
                        if way in "ES":
                            yield block[first : last + 1]
                            first = last + 1
                else:
                    yield from filter(None, finalseg.re_skip.split(block))

    tokenizer = Tokenizer()
    # What its own `initialize` does, without the copy that it would leave in, and trust from, the temporary folder.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    tokenizer.longest = max(map(len, tokenizer.FREQ))
    return tokenizer


def _likeliest_way(signs: str, model: Any) -> list[str]:
    """For each sign whether it begins a word, is in the midst of one, ends it or is one: B, M, E or S.

    Viterbi's way through jieba's hidden Markov model `model`, sum by sum as jieba goes it; but jieba copies the whole
    way at each sign, and tells nobody how far it is.
    """
    least, before, emits, moves = model.MIN_FLOAT, model.PrevStatus, model.emit_P, model.trans_P
    best = {way: model.start_P[way] + emits[way].get(signs[0], least) for way in "BMES"}
    came: dict[str, list[str]] = {way: [way] for way in best}
    for first in _parts_of(signs):
        for sign in signs[max(first, 1) : first + AT_ONCE]:
            last, best = best, {}
            for way, from_ways in before.items():
                emit = emits[way].get(sign, least)
                best[way], one = max((last[one] + moves[one].get(way, least) + emit, one) for one in from_ways)
                came[way].append(one)
    way = max("ES", key=lambda way: (best[way], way))
    ways = [way]
    for place in range(len(signs) - 1, 0, -1):
        way = came[way][place]
        ways.append(way)
    return ways[::-1]


def _parts_of(sentence: str) -> Iterator[int]:
    """Where its parts begin; of more than one it is told how far it is."""
    parts = range(0, len(sentence), AT_ONCE)
    if len(parts) == 1:
        return iter(parts)
    return along(parts, tr("cutting the corpus into words"), len(sentence), lambda _: AT_ONCE)


TOKENIZERS: Final[dict[str, Callable[[str], Iterator[str]]]] = {
    "characters": _characters,
    "words": _words,
    "whitespace": _whitespace,
    "jieba": _jieba,
}
"""Each cuts a line into pieces that make up the line again: grapheme clusters and words as Unicode's annex 29 has them,
what stands between white space, or Chinese words."""


@lru_cache(maxsize=4)
def mark(text: str, tokenizer: str) -> str:
    """`text` with a MARK between the pieces into which the tokenizer of this name cuts its lines.

    Raises
    ------
    TextError
        If the tokenizer is not installed.
    """
    parts = _marked(text.replace(MARK, " ").splitlines(), TOKENIZERS[tokenizer])
    what = tr("cutting the corpus into words")
    return "".join(along(parts, what, len(text), lambda part: len(part) - part.count(MARK)))


def _marked(lines: list[str], cut: Callable[[str], Iterator[str]]) -> Iterator[str]:
    """The marked text in parts, none of which takes long. A tokenizer sees the whole line: it alone knows where a word
    may begin."""
    for number, line in enumerate(lines):
        between = "\n" if number else ""
        pieces = filter(None, cut(line))
        while part := MARK.join(islice(pieces, AT_ONCE)):
            yield between + part
            between = MARK
        if between == "\n":
            yield between


def _sentences(marked: str, tokenizer: str) -> list[list[str]]:
    """The words of each line. White space is no word, but between two characters it is one of them."""
    lines = marked.split("\n")
    sentences: list[list[str]] = [[] for _ in lines]
    parts = ((number, part) for number, line in enumerate(lines) for part in _in_parts(line))
    for number, part in along(parts, tr("reading the corpus"), len(marked) + 1, lambda part: len(part[1]) + 1):
        pieces = part.split(MARK)
        if tokenizer != "characters":
            pieces = [piece for piece in pieces if piece and not piece.isspace()]
        sentences[number] += pieces
    if tokenizer == "characters":
        sentences = list(map(_trimmed, sentences))
    return [sentence for sentence in sentences if sentence]


def _in_parts(line: str) -> Iterator[str]:
    """A marked line, cut at some of its marks."""
    first = 0
    while (end := line.find(MARK, first + AT_ONCE)) >= 0:
        yield line[first:end]
        first = end + 1
    yield line[first:]


def _trimmed(pieces: list[str]) -> list[str]:
    """Without the white space at both ends."""
    first, last = 0, len(pieces)
    while first < last and (not pieces[first] or pieces[first].isspace()):
        first += 1
    while first < last and pieces[last - 1].isspace():
        last -= 1
    return pieces[first:last]


def stretches(sentences: Sequence[Sequence[_One]], what: str) -> Iterator[tuple[Sequence[_One], range]]:
    """Each sentence with the places of its words, AT_ONCE of them at a time: work called `what`, see `work.along`."""
    parts = (
        (sentence, range(first, min(first + AT_ONCE, len(sentence))))
        for sentence in sentences
        for first in range(0, len(sentence), AT_ONCE)
    )
    return along(parts, what, sum(map(len, sentences)), lambda part: len(part[1]))


# -- vocabularies -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def read_corpus(marked: str, tokenizer: str, words: tuple[str, ...], most_words: int, end_word: str) -> Corpus:
    """The corpus in a marked text.

    Parameters
    ----------
    words : the vocabulary; where it is empty, it is taken from the text: the `most_words` words that are there most
        often, of equals the one that is there first. An end word that is not among them takes the last place.

    Raises
    ------
    TextError
        If there is not one word in the text.
    """
    sentences = _sentences(marked, tokenizer)
    if not sentences:
        raise TextError(tr("there is not one word in it"))
    counted: Counter[str] = Counter()
    for sentence, places in stretches(sentences, tr("counting the words of the corpus")):
        counted.update(sentence[places.start : places.stop])
    if not words:
        words = tuple(word for word, _ in counted.most_common(most_words))
        if end_word and end_word not in words:
            words = (*words[: most_words - 1], end_word)
    if end_word and end_word not in counted:
        counted[end_word] = len(sentences)
    numbers = {word: number for number, word in enumerate(words)}
    numbered: list[list[int]] = []
    for sentence, places in stretches(sentences, tr("numbering the words of the corpus")):
        if places.start == 0:
            numbered.append([])
        numbered[-1] += [numbers.get(sentence[place], -1) for place in places]
    counts = np.array([counted[word] for word in words], np.int64)
    return Corpus(marked, words, tuple(map(tuple, numbered)), counts, frozenset(counted.keys() - numbers.keys()))


# -- what usually follows ---------------------------------------------------------------------------------------------


class Shortlist:
    """The words that most often follow a word in a corpus: a bigram model that falls back on the words' frequency.

    Words that were seen after the last word come first, most often first; then all others, most frequent first; of
    equals the one with the lower number. A text begins after the beginning of a sentence, and the end of a sentence
    counts as the end word, if there is one that does not stand there anyway.
    """

    def __init__(self, corpus: Corpus, size: int, end: int | None) -> None:
        """`size`: words on a list, at most as many as there are; `end`: the number of the end word."""
        self._words, self._size = len(corpus.words), size
        start = self._words
        said: list[int] = []
        for sentence in along(corpus.sentences, tr("counting which word follows which"), corpus.length, len):
            said.append(start)
            said += sentence
            if end is not None and sentence[-1] != end:
                said.append(end)
        words = np.array(said, np.int64)
        last, following = words[:-1], words[1:]
        inside = following != start
        last, following = last[inside], following[inside]
        known = (last >= 0) & (following >= 0)
        codes, counts = np.unique(last[known] * self._words + following[known], return_counts=True)
        self._last, self._following = np.divmod(codes, self._words)
        self._counts = counts
        self._frequent = np.lexsort((np.arange(self._words), -corpus.counts))
        self._rank = np.empty(self._words, np.int64)
        self._rank[self._frequent] = np.arange(self._words)
        self._lists: dict[int, NDArray[np.uint32]] = {}

    def after(self, last: int | None) -> NDArray[np.uint32]:
        """(size,) the words that are likeliest after `last` (None: at the beginning), in ascending order."""
        place = self._words if last is None else last
        if place not in self._lists:
            first, end = np.searchsorted(self._last, [place, place + 1])
            seen = self._following[first:end]
            chosen = seen[np.lexsort((self._rank[seen], -self._counts[first:end]))][: self._size]
            if len(chosen) < self._size:
                # Among the most frequent words at most as many are on the list already as it has.
                others = self._frequent[: self._size]
                others = others[~np.isin(others, chosen)][: self._size - len(chosen)]
                chosen = np.concatenate([chosen, others])
            self._lists[place] = np.sort(chosen).astype(np.uint32)
        return self._lists[place]


shortlist = lru_cache(maxsize=4)(Shortlist)
"""Shortlists that were made lately: tables and the exact solution ask for the same one, and so does starting anew."""
