"""All terms as one: added in their order, ended where texts end, shaped without changing what is best, weighed anew."""

import gc
import random
import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from langrl_gui.core import oracle, scenario
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.rewards import Step
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import Tables
from langrl_gui.core.text import mark
from tests.terms import CORPUS, beginnings, rewarded_scenarios, step_of, term_of, walk


def build(words, references, end_word="", rewards=({"kind": "match"},)) -> Scenario:
    language = {"words": words, "max_length": 4, "end_word": end_word}
    prompts = [{"text": f"prompt {number}", "references": some} for number, some in enumerate(references)]
    return scenario.from_data({"name": "x", "language": language, "prompts": prompts, "rewards": list(rewards)})


def first_rewards(dynamics: Dynamics, ends: bool) -> list[float]:
    return dynamics.moves(dynamics.start(0)).rewards(np.full(dynamics.words, ends)).tolist()


def reward_of(rewards, word=0) -> float:
    return first_rewards(Dynamics(build(["a", "b"], [["a"]], rewards=rewards)), False)[word]


def test_that_terms_are_weighted_and_added_left_to_right_in_scenario_order():
    huge = {"kind": "match", "right": 1e9, "weight": 1e9}
    one = {"kind": "match", "right": 1, "weight": 1}
    minus = {"kind": "match", "right": 1e9, "weight": -1e9}
    assert reward_of([huge, one, minus]) == 0.0, "1 is lost in 1e18 before 1e18 is taken away"
    assert reward_of([huge, minus, one]) == 1.0
    tenths = [{"kind": "match", "weight": weight} for weight in (0.1, 0.2, 0.3)]
    assert reward_of(tenths) == (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3)


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_that_a_reward_follows_to_the_last_bit_from_the_shares_of_its_terms(terms):
    rewards = [{"kind": "match", "right": right, "wrong": wrong, "weight": weight} for right, wrong, weight in terms]
    dynamics = Dynamics(build(["a", "b", "ab"], [["ab", "a"]], end_word="b", rewards=rewards))
    moves = dynamics.moves(dynamics.start(0))
    for ends in (np.zeros(3, bool), np.ones(3, bool), dynamics.ends_text):
        for word, (reward, shares) in enumerate(
            zip(moves.rewards(ends).tolist(), dynamics.shares(moves.steps(ends)).tolist(), strict=True)
        ):
            amounts = [term[0] if word in (0, 2) else term[1] for term in terms]
            assert shares == [amount * weight for amount, (_, _, weight) in zip(amounts, terms, strict=True)]
            total = shares[0]
            for share in shares[1:]:
                total = total + share
            assert reward == total


@given(rewarded_scenarios(), st.data())
@settings(max_examples=60, deadline=None)
def test_that_a_term_says_the_same_of_a_word_whichever_others_it_is_asked_about_with_it(problem, data):
    words = len(problem.language.words)
    for number in range(len(problem.rewards)):
        term = term_of(problem, number)
        for said in beginnings(problem.language):
            memory = walk(term, said)[1]
            every = step_of(term, memory, words)
            some = np.array(sorted(data.draw(st.sets(st.integers(0, words - 1), min_size=1))), np.uint32)
            step = term.step(memory, some)
            assert step.rewards.tobytes() == every.rewards[some].tobytes()
            assert [step.memories[place] for place in step.which] == [every.memories[every.which[w]] for w in some]
            assert (step.allowed is None) == (every.allowed is None)
            assert step.allowed is None or step.allowed.tolist() == every.allowed[some].tolist()


class Rhyme:
    """A term that remembers the last word and pays, when the text ends, for ending on the second or third word."""

    def start(self, prompt):
        return None

    def step(self, memory, words):
        return Step(np.array([0.0, 0.5, 0.0])[words], (0, 1), np.array([0, 1, 0])[words])

    def end(self, memory):
        return 10.0 * memory


def with_rhyme() -> Dynamics:
    problem = build(["a", "b", "c"], [["ab"]], rewards=[{"kind": "match"}, {"kind": "match", "weight": 2}])
    rhyme = type("RhymeReward", (type(problem.rewards[1]),), {"term": lambda self, ground: Rhyme()})
    rewards = (problem.rewards[0], rhyme(kind="match", weight=2))
    return Dynamics(problem.model_copy(update={"rewards": rewards}))


def test_that_ending_adds_what_the_terms_give_for_the_memory_in_which_the_text_ends():
    dynamics = with_rhyme()
    assert first_rewards(dynamics, ends=False) == [1 + 0, -1 + 2 * 0.5, -1 + 0]
    assert first_rewards(dynamics, ends=True) == [1 + 0, -1 + 2 * (0.5 + 10), -1 + 0]
    steps = dynamics.moves(dynamics.start(0)).steps(np.array([False, True, False]))
    assert dynamics.amounts[steps].tolist() == [[1, 0], [-1, 10.5], [-1, 0]]
    assert dynamics.shares(steps).tolist() == [[1, 0], [-1, 21], [-1, 0]]


def test_that_texts_share_a_joint_memory_only_where_every_term_remembers_the_same():
    dynamics = with_rhyme()
    right, other, third = dynamics.moves(dynamics.start(0)).successors.tolist()
    assert len({right, other, third}) == 3, "a is right; b and c are wrong, but rhyme differently"
    after_a, after_c = dynamics.moves(right), dynamics.moves(third)
    assert after_c.successors[0] == after_c.successors[2] == after_a.successors[2], "wrong, and ending on no b"
    assert after_c.successors[1] != after_a.successors[1]


@pytest.mark.parametrize(("end_word", "ends"), [("", [False, False]), ("b", [False, True])])
def test_that_only_the_end_word_ends_a_text_early(end_word, ends):
    assert Dynamics(build(["a", "b"], [["a"]], end_word=end_word)).ends_text.tolist() == ends


# -- shaping ----------------------------------------------------------------------------------------------------------


def texts_of(problem: Scenario, prompt: int = 0):
    """Every whole text, as word numbers, with the rewards of its words."""
    dynamics = Dynamics(problem)

    def grow(words, joint, rewards):
        moves = dynamics.moves(joint)
        for ends in (False, True):
            earned = moves.rewards(np.full(dynamics.words, ends))
            for word in range(dynamics.words):
                last = len(words) + 1 == problem.language.max_length
                if ends == (last or bool(dynamics.ends_text[word])):
                    said, gains = (*words, word), [*rewards, float(earned[word])]
                    if ends:
                        yield said, gains
                    else:
                        yield from grow(said, int(moves.successors[word]), gains)

    yield from grow((), dynamics.start(prompt), [])


def value(rewards, gamma):
    total = 0.0
    for reward in reversed(rewards):
        total = reward + gamma * total
    return total


def shaped(problem: Scenario, shaping: bool) -> Scenario:
    data = scenario.to_data(problem)
    for term in data["rewards"]:
        if "shaping" in term:
            term["shaping"] = shaping
    return scenario.from_data(data, read_corpus=lambda name, tokenizer: mark(CORPUS, tokenizer))


@given(rewarded_scenarios())
@settings(max_examples=60, deadline=None)
def test_that_shaping_adds_the_same_to_every_text_of_a_prompt_so_that_the_best_stay_the_best(problem):
    """The guarantee, for whole texts: values differ by the potential of the beginning, whatever is said."""
    plain, with_shaping = shaped(problem, False), shaped(problem, True)
    assume(plain != with_shaping)
    gamma = problem.learner.gamma
    dynamics = Dynamics(with_shaping)
    beginning = 0.0
    for term, settings_ in zip(dynamics.terms, with_shaping.rewards, strict=True):
        if getattr(settings_, "shaping", False):
            beginning += settings_.weight * term.potential(term.start(0))
    for (words, rewards), (same, others) in zip(texts_of(plain), texts_of(with_shaping), strict=True):
        assert words == same
        assert value(others, gamma) == pytest.approx(value(rewards, gamma) - beginning, abs=1e-9)


@given(rewarded_scenarios())
@settings(max_examples=60, deadline=None)
def test_that_the_best_text_of_a_shaped_problem_is_a_best_text_of_the_plain_one(problem):
    plain = oracle.solve(shaped(problem, False))
    for best in oracle.solve(shaped(problem, True)).optimum:
        q = plain.q(best.prompt, ())
        for position, word in enumerate(best.words):
            q = plain.q(best.prompt, best.words[:position])
            assert q[word] == pytest.approx(q.max(), abs=1e-9)


# -- weights and gamma that change ------------------------------------------------------------------------------------


@given(rewarded_scenarios(), st.lists(st.floats(-3, 3), min_size=9, max_size=9), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_that_rewards_weighed_anew_are_those_of_a_table_made_with_the_new_weights_and_gamma(problem, weights, gamma):
    changed = problem.changed("learner.gamma", gamma)
    for number in range(len(problem.rewards)):
        changed = changed.changed(f"rewards.{number}.weight", weights[number])
    reweighed, afresh = Tables(problem), Tables(changed)
    reweighed.reweigh(changed)
    assert reweighed.reward[: reweighed.nodes * reweighed.slots].tobytes() == (
        afresh.reward[: afresh.nodes * afresh.slots].tobytes()
    )


@given(rewarded_scenarios())
@settings(max_examples=30, deadline=None)
def test_that_the_shares_of_an_edge_add_up_to_its_reward(problem):
    tables = Tables(problem)
    edges = np.arange(2 * tables.slots, tables.nodes * tables.slots)
    total = np.zeros(len(edges))
    shares = tables.shares_of(edges)
    assert shares.shape == (len(edges), len(problem.rewards))
    for number in range(len(problem.rewards)):
        total = shares[:, 0] if number == 0 else total + shares[:, number]
    assert (total == tables.reward[edges]).all()


# -- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shortlist", [None, 10])
@pytest.mark.parametrize("terms", [["fluency", "repetition"], ["edit", "coherence", "length", "exact"]])
def test_what_is_remembered_of_the_terms_takes_no_more_than_is_counted_and_not_much_less(
    terms: list[str], shortlist: int | None
) -> None:
    luck = random.Random(0)
    words = [f"w{number}" for number in range(60)]
    text = "\n".join(" ".join(luck.choices(words, range(60, 0, -1), k=7)) for _ in range(300))
    data = {
        "name": "remembered",
        "language": {"corpus": "c.txt", "tokenizer": "whitespace", "joiner": " ", "max_length": 6},
        "prompts": [{"references": ["w1 w2 w3 w4", "w5 w2 w9"]}],
        "rewards": [{"kind": kind, **({"least": 3} if kind == "length" else {})} for kind in terms],
    }
    if shortlist:
        data["language"]["shortlist"] = shortlist
    dynamics = Dynamics(scenario.from_data(data, read_corpus=lambda name, tokenizer: mark(text, tokenizer)))
    dynamics.start(0)
    tracemalloc.start()
    before, counted = tracemalloc.get_traced_memory()[0], dynamics.bytes
    joints = [dynamics.start(0)]
    for _ in range(1000):
        moves = dynamics.moves(joints.pop(luck.randrange(len(joints))))
        moves.steps(np.ones(len(moves.words), bool))
        joints += [moves.after(luck.randrange(len(moves.words))) for _ in range(2)]
    del joints, moves
    gc.collect()
    taken, counted = tracemalloc.get_traced_memory()[0] - before, dynamics.bytes - counted
    tracemalloc.stop()
    assert taken <= counted
    assert counted < 4 * taken


@given(rewarded_scenarios())
@settings(max_examples=20, deadline=None)
def test_that_nothing_of_it_stays_when_nobody_needs_it_any_more(problem):
    gc.collect()
    gc.disable()  # as in a window, which collects no rings of what has been there for long
    try:
        dynamics = Dynamics(problem)
        moves = dynamics.moves(dynamics.start(0))
        moves.steps(np.ones(len(moves.words), bool))
        moves.number_all()
        there = [weakref.ref(dynamics), *map(weakref.ref, dynamics.terms)]
        del dynamics, moves
        assert [ref() for ref in there] == [None] * len(there)
    finally:
        gc.enable()


def test_a_joint_memory_has_one_number_whether_it_is_asked_for_alone_or_among_all() -> None:
    alone, among = (Dynamics(scenario.find("storyteller")) for _ in range(2))
    joint = other = alone.start(0)
    assert other == among.start(0)
    for slot in (3, 1, 4, 1, 5):
        one, all_ = alone.moves(joint), among.moves(other)
        joint, other = one.after(slot), int(all_.successors[slot])
        assert alone._memories[joint] == among._memories[other]
        assert int(one.successors[slot]) == joint == one.after(slot)
    assert len(alone._memories) == len(among._memories)
