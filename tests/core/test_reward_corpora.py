"""What terms learn from a corpus: n-gram probabilities against nltk's, association against its definition."""

import math
import random
from itertools import product

import numpy as np
import pytest
from nltk.lm import MLE, KneserNeyInterpolated, Laplace, Lidstone, Vocabulary
from nltk.util import everygrams

from langrl_gui.core.rewards.coherence import Associations
from langrl_gui.core.rewards.fluency import NGrams
from tests.terms import earned, scenario_of, step_of, term_of

WORDS = ["a", "b", "c", "d", "never"]
BEGIN, END = "<s>", "</s>"


def random_corpus(seed: int, sentences: int = 30) -> str:
    """Lines of words, of which "z" is not in the vocabulary."""
    luck = random.Random(seed)
    lines = []
    for _ in range(sentences):
        words, word = [], "a"
        for _ in range(luck.randint(1, 6)):
            word = luck.choice({"a": "abbb", "b": "ccda", "c": "aabz", "d": "abcd", "z": "abd"}[word])
            words.append(word)
        lines.append(" ".join(words))
    return "\n".join(lines)


def ours(corpus: str, smoothing: str, order: int, added: float = 0.3, discount: float = 0.6) -> NGrams:
    problem = scenario_of([{"kind": "fluency"}], WORDS, corpus=corpus)
    assert problem.language.source is not None
    return NGrams(problem.language.source, len(WORDS), None, order, smoothing, added, discount)


def theirs(model, corpus: str, order: int):
    """nltk's model, fitted on the same sentences with the same signs around them."""
    padded = [[BEGIN] * (order - 1) + line.split() + [END] * max(1, order - 1) for line in corpus.splitlines()]
    model.fit([everygrams(sentence, max_len=order) for sentence in padded])
    return model


VOCABULARY = [*WORDS, BEGIN, END]
EVENTS = [*WORDS, "<UNK>", BEGIN, END]  # by their numbers in NGrams


def chances_of(model: NGrams, context: tuple[int, ...]) -> np.ndarray:
    return model.probabilities(context, np.arange(len(EVENTS)))


def contexts(order: int):
    return product(range(len(EVENTS)), repeat=order - 1)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("smoothing", ["maximum-likelihood", "laplace", "lidstone"])
def test_fluency_has_the_probabilities_of_nltk(smoothing: str, order: int) -> None:
    corpus = random_corpus(order)
    vocabulary = Vocabulary(VOCABULARY)
    models = {
        "maximum-likelihood": lambda: MLE(order, vocabulary=vocabulary),
        "laplace": lambda: Laplace(order, vocabulary=vocabulary),
        "lidstone": lambda: Lidstone(0.3, order, vocabulary=vocabulary),
    }
    nltk, mine = theirs(models[smoothing](), corpus, order), ours(corpus, smoothing, order)
    for context in contexts(order):
        names = [EVENTS[event] for event in context]
        expected = [nltk.score(event, names) for event in EVENTS]
        assert chances_of(mine, context) == pytest.approx(expected, abs=1e-12), names


@pytest.mark.parametrize("order", [2, 3])
def test_fluency_has_nltks_kneser_ney_wherever_that_sums_to_one(order: int) -> None:
    corpus = random_corpus(7)
    model = KneserNeyInterpolated(order, discount=0.6, vocabulary=Vocabulary(VOCABULARY))
    nltk, mine = theirs(model, corpus, order), ours(corpus, "kneser-ney", order)
    compared = 0
    for context in contexts(order):
        names = [EVENTS[event] for event in context]
        try:
            expected = [nltk.score(event, names) for event in EVENTS]
        except ZeroDivisionError:  # nltk knows the context, but nothing that came before it
            continue
        if sum(expected) == pytest.approx(1, abs=1e-12):
            compared += 1
            assert chances_of(mine, context) == pytest.approx(expected, abs=1e-12), names
    assert compared > len(EVENTS) ** (order - 1) * 0.8


@pytest.mark.parametrize("smoothing", ["laplace", "lidstone", "kneser-ney"])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_sum_to_one_after_every_context(smoothing: str, order: int) -> None:
    model = ours(random_corpus(3), smoothing, order)
    luck = random.Random(order)
    for _ in range(200):
        context = tuple(luck.randrange(len(EVENTS)) for _ in range(order - 1))
        chances = chances_of(model, context)
        assert chances.sum() == pytest.approx(1, abs=1e-12)
        assert (chances >= 0).all()


def test_fluency_pays_the_natural_logarithm_of_each_words_probability() -> None:
    rewards = [{"kind": "fluency", "order": 2, "smoothing": "maximum-likelihood", "floor": -5}]
    problem = scenario_of(rewards, ["a", "b", "."], end_word=".", corpus="a b\na a b\nb", max_length=4)
    assert earned(term_of(problem), [0, 0, 1, 2]) == pytest.approx(
        [math.log(2 / 3), math.log(1 / 3), math.log(2 / 3), math.log(3 / 3)]
    ), "of three sentences two begin with a; a goes on with a once in three; every b ends its sentence"
    assert earned(term_of(problem), [1, 1]) == pytest.approx([math.log(1 / 3), -5]), "b never follows b: the floor"


def test_an_end_word_that_stands_in_the_corpus_ends_a_sentence() -> None:
    reward = {"kind": "fluency", "order": 2, "smoothing": "maximum-likelihood"}
    lines = scenario_of([reward], ["a", "b", "."], end_word=".", corpus="a b\nb a\nb")
    marked = scenario_of([reward], ["a", "b", "."], end_word=".", corpus="a b . b a .\nb")
    for words in ([0, 1, 2], [1, 0, 2], [1, 2]):
        assert earned(term_of(lines), words) == earned(term_of(marked), words)


# -- coherence --------------------------------------------------------------------------------------------------------


def association(lines: list[list[str]], a: str, b: str, window: int) -> float:
    """Normalised pointwise mutual information by its definition, over a list of all pairs in both orders."""
    pairs = [
        pair
        for line in lines
        for i in range(len(line))
        for j in range(i + 1, min(i + 1 + window, len(line)))
        if line[i] != "z" and line[j] != "z"
        for pair in ((line[i], line[j]), (line[j], line[i]))
    ]
    alone = {word: sum(first == word for first, _ in pairs) / len(pairs) for word in WORDS}
    if not alone[a] or not alone[b]:
        return 0.0
    both = sum(pair == (a, b) for pair in pairs) / len(pairs)
    return math.log(both / alone[a] / alone[b]) / -math.log(both) if both else -1.0


@pytest.mark.parametrize("window", [1, 2, 5])
def test_coherence_is_normalised_mutual_information_as_defined(window: int) -> None:
    corpus = random_corpus(11, sentences=8)
    lines = [line.split() for line in corpus.splitlines()]
    problem = scenario_of([{"kind": "coherence", "window": window}], WORDS, corpus=corpus, max_length=5)
    assert problem.language.source is not None
    every = np.arange(len(WORDS), dtype=np.uint32)
    pairs = Associations(problem.language.source, len(WORDS), window)
    table = np.array([[association(lines, a, b, window) for a in WORDS] for b in WORDS])
    assert np.array([pairs.with_word(word, every) for word in every.tolist()]) == pytest.approx(table, abs=1e-12)
    said = [0, 1, 2, 4, 1]
    expected = [
        np.mean([table[word, before] for before in said[max(0, place - window) : place]]) if place else 0.0
        for place, word in enumerate(said)
    ]
    assert earned(term_of(problem), said) == pytest.approx(expected, abs=1e-12)
    assert len(set(table.ravel())) > 5


def test_words_that_only_ever_meet_each_other_belong_together_fully() -> None:
    problem = scenario_of([{"kind": "coherence"}], ["a", "b"], corpus="a b\nb a")
    assert earned(term_of(problem), [0, 1, 1, 1])[1] == pytest.approx(1.0)
    assert step_of(term_of(problem), (0,), 2).rewards.tolist() == [-1.0, pytest.approx(1.0)]
