"""Repetition, length and the table of words against their definitions on whole texts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core.rewards import BUILT_IN, ShapableReward, kind_of
from tests.terms import earned, scenario_of, term_of, texts


@given(st.integers(1, 3), st.one_of(st.just("all"), st.integers(1, 4)), st.sampled_from(["", "."]))
@settings(max_examples=40, deadline=None)
def test_repetition_costs_each_word_with_which_a_sequence_comes_again(order, within, end_word) -> None:
    rewards = [{"kind": "repetition", "order": order, "within": within, "amount": -0.5}]
    problem = scenario_of(rewards, ["a", "b", *end_word], end_word=end_word, max_length=6)
    term = term_of(problem)
    for said in texts(problem.language):
        expected = []
        for place, word in enumerate(said):
            now = said[place + 1 - order : place + 1]
            before = [
                last
                for last in range(order - 1, place)
                if said[last + 1 - order : last + 1] == now and (within == "all" or place - last <= within)
            ]
            repeated = place + 1 >= order and before and word != problem.language.end
            expected.append(-0.5 if repeated else 0.0)
        assert earned(term, said) == expected, said


@given(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["", "."]))
@settings(max_examples=40, deadline=None)
def test_length_costs_each_word_that_is_missing_or_too_many(least, more, end_word) -> None:
    rewards = [{"kind": "length", "least": least, "most": least + more, "amount": -0.25}]
    problem = scenario_of(rewards, ["a", "b", *end_word], end_word=end_word, max_length=4)
    term = term_of(problem)
    for said in texts(problem.language):
        words = sum(word != problem.language.end for word in said)
        amiss = max(least - words, words - least - more, 0)
        assert earned(term, said) == [0.0] * (len(said) - 1) + [-0.25 * amiss]


def test_the_table_of_words_pays_what_it_says_wherever_a_word_stands() -> None:
    rewards = [{"kind": "words", "words": {"b": 2.5, ".": -1}, "other": 0.125}]
    problem = scenario_of(rewards, ["a", "b", "c", "."], end_word=".", max_length=4)
    table = {0: 0.125, 1: 2.5, 2: 0.125, 3: -1.0}
    term = term_of(problem)
    for said in texts(problem.language):
        assert earned(term, said) == [table[word] for word in said]


def test_exactly_the_terms_that_judge_a_text_as_a_whole_can_be_shaped() -> None:
    shapable = {kind_of(each) for each in BUILT_IN if issubclass(each, ShapableReward)}
    assert shapable == {"exact", "edit", "bleu", "chrf", "required", "length"}
