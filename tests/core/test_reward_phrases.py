"""Forbidden and required phrases against looking for them in the whole text."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.terms import beginnings, earned, scenario_of, step_of, term_of, texts, walk

phrase_lists = st.lists(st.text("ab ", min_size=1, max_size=4), min_size=1, max_size=4, unique=True)
languages = st.tuples(
    st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=3, unique=True),
    st.sampled_from(["", " ", "b", "ab"]),
    st.sampled_from(["", "."]),
)


def occurrences(text: str, phrase: str) -> int:
    """How often `phrase` stands in `text`, overlaps included."""
    return sum(text.startswith(phrase, place) for place in range(len(text)))


def whole_occurrences(words: list[str], joiner: str, phrase: str) -> int:
    """How often some words in a row, joined, are `phrase`."""
    return sum(
        joiner.join(words[first:last]) == phrase
        for first in range(len(words))
        for last in range(first + 1, len(words) + 1)
    )


def spoken(problem, said) -> list[str]:
    return [problem.language.words[word] for word in said if word != problem.language.end]


@given(languages, phrase_lists, st.booleans())
@settings(max_examples=120, deadline=None)
def test_forbidden_pays_for_every_occurrence_overlaps_included(language, phrases, whole_words) -> None:
    words, joiner, end_word = language
    rewards = [{"kind": "forbidden", "phrases": phrases, "amount": -2, "whole_words": whole_words}]
    problem = scenario_of(rewards, [*words, *end_word], joiner=joiner, end_word=end_word, max_length=4)
    term = term_of(problem)
    for said in texts(problem.language):
        text, parts = problem.language.join(said), spoken(problem, said)
        count = sum(
            whole_occurrences(parts, joiner, phrase) if whole_words else occurrences(text, phrase) for phrase in phrases
        )
        assert sum(earned(term, said)) == -2 * count, (text, parts)


@given(languages, phrase_lists, st.booleans())
@settings(max_examples=60, deadline=None)
def test_as_a_mask_forbidden_offers_exactly_the_words_that_complete_no_phrase(language, phrases, whole_words) -> None:
    words, joiner, end_word = language
    rewards = [{"kind": "forbidden", "phrases": phrases, "use": "mask", "whole_words": whole_words}]
    problem = scenario_of(rewards, [*words, *end_word], joiner=joiner, end_word=end_word, max_length=3)
    term = term_of(problem)

    def count(said) -> int:
        text, parts = problem.language.join(said), spoken(problem, said)
        if whole_words:
            return sum(whole_occurrences(parts, joiner, phrase) for phrase in phrases)
        return sum(occurrences(text, phrase) for phrase in phrases)

    for said in beginnings(problem.language):
        allowed = step_of(term, walk(term, said)[1], len(problem.language.words)).allowed
        assert allowed.tolist() == [
            count((*said, word)) == count(said) for word in range(len(problem.language.words))
        ], spoken(problem, said)


def test_a_phrase_is_found_across_words_and_joiners() -> None:
    problem = scenario_of([{"kind": "forbidden", "phrases": ["b a", "aa"]}], ["aa", "ab"], joiner=" ", max_length=3)
    assert earned(term_of(problem), [1, 0, 0]) == [0.0, -2.0, -1.0]
    problem = scenario_of([{"kind": "forbidden", "phrases": ["aa"]}], ["a"], max_length=4)
    assert earned(term_of(problem), [0, 0, 0, 0]) == [0.0, -1.0, -1.0, -1.0], "overlapping"


def in_order(text: str, phrases: list[str]) -> int:
    """How many of the phrases, from the first on, follow one another in the text."""
    place = 0
    for number, phrase in enumerate(phrases):
        found = text.find(phrase, place)
        if found < 0:
            return number
        place = found + len(phrase)
    return len(phrases)


@given(languages, phrase_lists, st.booleans())
@settings(max_examples=120, deadline=None)
def test_required_is_the_share_of_the_phrases_that_the_text_mentions(language, phrases, ordered) -> None:
    words, joiner, end_word = language
    known, longest = {*joiner}.union(*words), 4 * max(map(len, words)) + 3 * len(joiner)
    phrases = [phrase for phrase in phrases if known.issuperset(phrase) and len(phrase) <= longest]
    assume(phrases)  # the others are refused
    rewards = [{"kind": "required", "phrases": phrases, "in_order": ordered}]
    problem = scenario_of(rewards, [*words, *end_word], joiner=joiner, end_word=end_word, max_length=4)
    term = term_of(problem)
    for said in texts(problem.language):
        text = problem.language.join(said)
        found = in_order(text, phrases) if ordered else sum(phrase in text for phrase in phrases)
        assert earned(term, said)[-1] == found / len(phrases), text


def test_in_order_a_phrase_may_be_asked_for_twice() -> None:
    problem = scenario_of([{"kind": "required", "phrases": ["a", "a"], "in_order": True}], ["a", "b"], max_length=3)
    assert earned(term_of(problem), [1, 0, 1])[-1] == 0.5
    assert earned(term_of(problem), [0, 1, 0])[-1] == 1.0
