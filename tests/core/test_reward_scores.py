"""Scores of whole texts against the libraries and definitions that they follow."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from langrl_gui.core.rewards.score import division
from tests.terms import beginnings, earned, scenario_of, term_of, texts, walk

WORDS = ["the", "cat", "sat", "on", "a", "mat", "ca", "t", ",", "down.", "of course"]


def random_texts(count: int, seed: int, words: list[str], longest: int = 8):
    """Pairs of (words said, references as words), as numbers; some share much, some nothing."""
    luck = random.Random(seed)
    for _ in range(count):
        reference = [luck.randrange(len(words)) for _ in range(luck.randint(1, longest))]
        said = [luck.randrange(len(words)) if luck.random() < 0.4 else word for word in reference]
        said = said[: luck.randint(1, len(said))] + [luck.randrange(len(words)) for _ in range(luck.randint(0, 2))]
        other = [luck.randrange(len(words)) for _ in range(luck.randint(1, longest))]
        yield said[:longest], [reference, other][: luck.randint(1, 2)]


def test_bleu_equals_sacrebleu_on_a_thousand_random_texts() -> None:
    metric = BLEU(tokenize="none", effective_order=True)
    for said, references in random_texts(1000, 1, WORDS):
        spoken = [" ".join(WORDS[word] for word in reference) for reference in references]
        problem = scenario_of([{"kind": "bleu"}], WORDS, spoken, joiner=" ", max_length=8)
        counted = [" ".join(WORDS[w] for w in division(problem.language, text)) for text in spoken]
        assert counted == spoken, "one way to divide each of these"
        expected = metric.sentence_score(" ".join(WORDS[word] for word in said), spoken).score / 100
        assert sum(earned(term_of(problem), said)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("word_order", [0, 2])
def test_chrf_equals_sacrebleu_on_a_thousand_random_texts(word_order: int) -> None:
    metric = CHRF(word_order=word_order)
    for said, references in random_texts(1000, 2, WORDS):
        spoken = [" ".join(WORDS[word] for word in reference) for reference in references]
        rewards = [{"kind": "chrf", "word_order": word_order}]
        problem = scenario_of(rewards, WORDS, spoken, joiner=" ", max_length=8)
        expected = metric.sentence_score(" ".join(WORDS[word] for word in said), spoken).score / 100
        assert sum(earned(term_of(problem), said)) == pytest.approx(expected, abs=1e-9)


def test_scores_of_chinese_count_its_words_and_characters() -> None:
    words = ["我", "爱", "你", "我们", "们"]
    problem = scenario_of([{"kind": "bleu"}, {"kind": "chrf"}], words, ["我们爱你"])
    assert division(problem.language, "我们爱你") == (3, 1, 2)
    said = [3, 1, 0]
    bleu = BLEU(tokenize="none", effective_order=True).sentence_score("我们 爱 我", ["我们 爱 你"]).score / 100
    chrf = CHRF().sentence_score("我们爱我", ["我们爱你"]).score / 100
    assert sum(earned(term_of(problem, 0), said)) == pytest.approx(bleu, abs=1e-9)
    assert sum(earned(term_of(problem, 1), said)) == pytest.approx(chrf, abs=1e-9)


@pytest.mark.parametrize("kind", ["bleu", "chrf", "edit", "required"])
@pytest.mark.parametrize("end_word", ["", "."])
def test_paid_with_each_word_a_score_adds_up_to_what_is_paid_at_the_end(kind: str, end_word: str) -> None:
    rewards = [{"kind": kind, "paid": paid} for paid in ("at-end", "each-word")]
    for term in rewards:
        if kind == "required":
            term["phrases"] = ["ab", "b a"]
    words = ["a", "b", "ab", "c", *end_word]
    problem = scenario_of(rewards, words, ["a b ab", "ab"], joiner=" ", max_length=3, end_word=end_word)
    at_end, each_word = term_of(problem, 0), term_of(problem, 1)
    different = 0
    for words_said in texts(problem.language):
        once, each = earned(at_end, words_said), earned(each_word, words_said)
        assert not any(once[:-1])
        assert sum(each) == pytest.approx(once[-1], abs=1e-12)
        different += once != each
    assert different


def test_words_that_no_reference_has_are_one_word_to_a_score_of_the_text() -> None:
    words = ["a", "b", "x", "y"]
    for kind in ("bleu", "chrf", "edit"):
        term = term_of(scenario_of([{"kind": kind}], words, ["ab"]))
        assert walk(term, [0, 2])[1] == walk(term, [0, 3])[1], kind
        assert walk(term, [0, 2])[1] != walk(term, [0, 1])[1], kind


# -- edit distance ----------------------------------------------------------------------------------------------------


def levenshtein(a, b) -> int:
    """By its recursive definition, row by row."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


@given(
    st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4, unique=True),
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=3),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
    st.sampled_from(["", " ", "ab"]),
    st.sampled_from(["characters", "words"]),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_edit_is_one_minus_the_distance_to_the_nearest_reference_over_the_longer_length(
    words, references, said, joiner, unit, ends
) -> None:
    end_word = "!" if ends else ""
    references = [[number % len(words) for number in reference] for reference in references]
    said = [number % len(words) for number in said]
    spoken = [joiner.join(words[number] for number in reference) for reference in references]
    problem = scenario_of(
        [{"kind": "edit", "unit": unit}], [*words, *end_word], spoken, joiner, max_length=4, end_word=end_word
    )
    if ends:
        said = [*said[:2], len(words)]
    text = problem.language.join(said)
    if unit == "characters":
        pairs = [(text, reference) for reference in spoken]
    else:
        pairs = [(said[:2] if ends else said, division(problem.language, reference)) for reference in spoken]
    expected = max(1 - levenshtein(a, b) / max(len(a), len(b)) for a, b in pairs)
    assert earned(term_of(problem), said)[-1] == pytest.approx(expected, abs=1e-12)


# -- exact ------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=3), min_size=1, max_size=3),
    st.sampled_from(["", " "]),
    st.sampled_from(["", "."]),
)
@settings(max_examples=80, deadline=None)
def test_exact_pays_for_whole_texts_that_are_a_reference_and_for_no_others(references, joiner, end_word) -> None:
    spoken = [joiner.join(reference) for reference in references]
    rewards = [{"kind": "exact", "right": 2, "wrong": -0.5}]
    problem = scenario_of(rewards, ["a", "b", "ab", *end_word], spoken, joiner, max_length=3, end_word=end_word)
    term = term_of(problem)
    for words in texts(problem.language):
        assert earned(term, words) == [0.0] * (len(words) - 1) + [2 if problem.language.join(words) in spoken else -0.5]


def test_the_potential_of_exact_is_high_for_as_long_as_a_reference_can_be_reached() -> None:
    problem = scenario_of([{"kind": "exact", "right": 3, "wrong": -1}], ["a", "b"], ["abab", "ba"])
    term = term_of(problem)
    for said in beginnings(problem.language):
        text = problem.language.join(said)
        agrees = any(reference.startswith(text) for reference in ("abab", "ba"))
        assert term.potential(walk(term, said)[1]) == (3 if agrees else -1), text
