"""`match` against its definition on whole texts."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import scenario
from langrl_gui.core.language import Language, Prompt
from langrl_gui.core.rewards import Ground
from langrl_gui.core.rewards.match import Match, MatchReward
from langrl_gui.core.scenario import Scenario
from tests.terms import step_of, walk


def build(words, references, joiner="", max_length=4, end_word="", rewards=({"kind": "match"},)) -> Scenario:
    language = {"words": words, "joiner": joiner, "max_length": max_length, "end_word": end_word}
    prompts = [{"text": f"prompt {number}", "references": some} for number, some in enumerate(references)]
    return scenario.from_data({"name": "x", "language": language, "prompts": prompts, "rewards": list(rewards)})


def match(problem: Scenario) -> Match:
    return Match(problem.ground, problem.rewards[0])


def is_right(language: Language, references, said: tuple[int, ...], word: int) -> bool:
    """The definition: does some reference that agrees with what was said so far go on with this word?"""
    if language.words[word] == language.end_word:
        return language.join(said) in references
    text = language.join((*said, word))
    return any(r == text or (r.startswith(text + language.joiner) and r != text + language.joiner) for r in references)


def whole_texts(language: Language):
    """Every text that has not ended, in which every word of `language` may come next."""
    goes_on = [number for number, word in enumerate(language.words) if word != language.end_word]
    for length in range(language.max_length):
        yield from product(goes_on, repeat=length)


def memory_after(term, prompt: int, said: tuple[int, ...]):
    return walk(term, said, prompt)[1]


def rewards_of(term, memory, words: int) -> list[float]:
    return step_of(term, memory, words).rewards.tolist()


@st.composite
def languages(draw):
    """Words of one to three letters that many texts can be divided into in several ways."""
    words = draw(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4, unique=True))
    joiner, length = draw(st.sampled_from(["", " ", "b", "ab"])), draw(st.integers(1, 4))
    end_word = draw(st.sampled_from(["", ".", "a"]))
    if end_word and end_word not in words:
        words.append(end_word)
    says = [word for word in words if word != end_word]
    if not says:
        words, says = [*words, "b"], ["b"]
    texts = st.lists(st.sampled_from(says), min_size=0 if end_word else 1, max_size=length).map(joiner.join)
    references = draw(st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=2))
    return build(words, references, joiner, length, end_word)


@given(languages())
@settings(max_examples=150, deadline=None)
def test_that_match_rewards_each_word_after_each_text_by_its_definition(problem):
    term = match(problem)
    for prompt, start in enumerate(problem.starts):
        for said in whole_texts(problem.language):
            words = len(problem.language.words)
            assert rewards_of(term, memory_after(term, prompt, said), words) == [
                1.0 if is_right(problem.language, start.references, said, word) else -1.0 for word in range(words)
            ]


@given(languages())
@settings(max_examples=100, deadline=None)
def test_that_texts_have_one_memory_exactly_where_the_same_is_left_to_say(problem):
    language, term = problem.language, match(problem)
    left = {}
    for prompt, start in enumerate(problem.starts):
        for said in whole_texts(language):
            agree = [r for r in start.references if not said or is_right(language, [r], said[:-1], said[-1])]
            spoken = len(language.join(said) + language.joiner) if said else 0
            rests = frozenset(reference[spoken:] for reference in agree)
            assert left.setdefault(memory_after(term, prompt, said), rests) == rests
    assert len(set(left.values())) == len(left)


def test_that_a_reference_can_be_said_in_any_division_into_words():
    problem = build(["a", "ab", "b", "abb"], [["abb"]])
    term, right = match(problem), {(0,), (1,), (3,), (0, 2), (0, 2, 2), (1, 2)}
    for said in whole_texts(problem.language):
        for word in range(4):
            reward = rewards_of(term, memory_after(term, 0, said), 4)[word]
            assert reward == (1.0 if (*said, word) in right else -1.0), (said, word)
    assert memory_after(term, 0, (0, 2)) == memory_after(term, 0, (1,)), "nothing can tell them apart from here on"


def test_that_a_word_is_right_only_where_the_joiner_follows_it():
    term = match(build(["in", "inn", "n"], [["in n"]], joiner=" "))
    assert rewards_of(term, term.start(0), 3) == [1.0, -1.0, -1.0]
    assert rewards_of(term, memory_after(term, 0, (0,)), 3) == [-1.0, -1.0, 1.0]


def test_that_every_reference_that_still_agrees_may_go_on():
    problem = build(["a", "b", "c"], [["ab", "ac", "b"]])
    term = match(problem)
    assert rewards_of(term, term.start(0), 3) == [1.0, 1.0, -1.0]
    assert rewards_of(term, memory_after(term, 0, (0,)), 3) == [-1.0, 1.0, 1.0]


def test_that_past_the_end_of_a_reference_only_the_end_word_is_right():
    words = ["a", "b", "."]
    assert rewards_of(match(build(words, [["ab"]], end_word=".")), ("",), 3) == [-1.0, -1.0, 1.0]
    assert rewards_of(match(build(words, [["ab"]])), ("",), 3) == [-1.0, -1.0, -1.0]
    term = match(build(words, [["a", "ab"]], end_word="."))
    assert rewards_of(term, memory_after(term, 0, (0,)), 3) == [-1.0, 1.0, 1.0]


def test_that_nothing_is_right_after_a_wrong_word():
    term = match(build(["a", "b"], [["ab"]]))
    assert memory_after(term, 0, (1,)) == memory_after(term, 0, (0, 0)) == memory_after(term, 0, (0, 1, 0)) == ()
    assert rewards_of(term, (), 2) == [-1.0, -1.0]


def test_that_neither_order_nor_repetition_of_references_matters():
    language = Language(words=("a", "b"), max_length=2)
    prompts = [Prompt(references=("ab", "ba")), Prompt(text="x", references=("ba", "ab", "ba"))]
    term = Match(Ground(language, prompts, None), MatchReward(kind="match"))
    assert term.start(0) == term.start(1)


def test_that_each_prompt_has_its_own_references():
    term = match(build(["a", "b"], [["a"], ["b"]]))
    assert rewards_of(term, term.start(0), 2) == [1.0, -1.0]
    assert rewards_of(term, term.start(1), 2) == [-1.0, 1.0]


def test_that_right_and_wrong_are_what_the_scenario_says():
    rewards = [{"kind": "match", "right": 0.25, "wrong": -3}]
    term = match(build(["a", "b"], [["a"]], rewards=rewards))
    assert rewards_of(term, term.start(0), 2) == [0.25, -3.0]
