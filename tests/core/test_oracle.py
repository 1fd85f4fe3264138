"""The oracle's claims, against search through every text and against policy iteration with linear equations."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import oracle, scenario, work
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.errors import TableError
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import PADDING, Tables

AMOUNTS = st.one_of(st.integers(-2, 2), st.floats(-2, 2, width=32))
GAMMAS = st.sampled_from([0.0, 0.5, 0.95, 1.0]) | st.floats(0, 1)


@st.composite
def scenarios(draw, gammas=GAMMAS):
    """Small languages whose every text can be searched: up to 4 words, texts of up to 4, one or two prompts."""
    words = draw(st.lists(st.sampled_from(["a", "ab", "b", "c", "."]), min_size=1, max_size=4, unique=True))
    joiner, length = draw(st.sampled_from(["", " "])), draw(st.integers(1, 4))
    end_word = "." if "." in words and len(words) > 1 and draw(st.booleans()) else ""
    says = st.lists(st.sampled_from([w for w in words if w != end_word]), min_size=1, max_size=length)
    references = st.lists(says.map(joiner.join), min_size=1, max_size=3)
    prompts = [
        {"text": f"prompt {number}", "references": draw(references), "weight": draw(st.floats(0.125, 8))}
        for number in range(draw(st.integers(1, 2)))
    ]
    reward = st.fixed_dictionaries({"kind": st.just("match"), "right": AMOUNTS, "wrong": AMOUNTS, "weight": AMOUNTS})
    return scenario.from_data(
        {
            "name": "random",
            "language": {
                "words": words,
                "joiner": joiner,
                "max_length": length,
                "end_word": end_word,
                "context": draw(st.sampled_from(["all", 0, 1, 2, 3])),
                "sees_position": draw(st.booleans()),
            },
            "prompts": prompts,
            "rewards": draw(st.lists(reward, min_size=1, max_size=2)),
            "learner": {"method": "q-learning", "gamma": draw(gammas)},
        }
    )


class Searched:
    """Every text of a scenario, without merging anything: texts[prompt, words] = the next words' Q*."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.gamma = scenario, scenario.learner.gamma
        self.dynamics = Dynamics(scenario)
        self.texts: dict[tuple[int, tuple[int, ...]], list[float]] = {}
        self.values = [self._value(p, (), self.dynamics.start(p)) for p in range(len(scenario.starts))]

    def ends(self, words: tuple[int, ...], word: int) -> bool:
        return bool(self.dynamics.ends_text[word]) or len(words) + 1 == self.scenario.language.max_length

    def _value(self, prompt: int, words: tuple[int, ...], joint: int) -> float:
        q = self.texts[prompt, words] = []
        moves = self.dynamics.moves(joint)
        for word in range(self.dynamics.words):
            if self.ends(words, word):
                q.append(float(moves.rewards(np.ones(self.dynamics.words, bool))[word]))
            else:
                after = self._value(prompt, (*words, word), int(moves.successors[word]))
                q.append(float(moves.rewards(np.zeros(self.dynamics.words, bool))[word]) + self.gamma * after)
        return max(q)

    def rewards(self, prompt: int, words: tuple[int, ...]) -> list[float]:
        """What each word of a whole text earns."""
        joint, earned = self.dynamics.start(prompt), []
        for position, word in enumerate(words):
            moves = self.dynamics.moves(joint)
            ends = np.full(self.dynamics.words, self.ends(words[:position], word))
            earned.append(float(moves.rewards(ends)[word]))
            joint = int(moves.successors[word])
        return earned

    def row(self, words: tuple[int, ...]) -> tuple[int, ...]:
        """What an agent sees after `words`: as the design says it, written down once more."""
        language = self.scenario.language
        if language.context == "all":
            return words
        gone = max(0, len(words) - language.context)
        return ((-2,) * gone if language.sees_position else ()) + words[gone:]


def discounted(rewards: list[float], gamma: float) -> float:
    value = rewards[-1]
    for reward in reversed(rewards[:-1]):
        value = reward + gamma * value
    return value


def test_that_the_optimum_of_i_love_you_is_the_sentence():
    solution = oracle.solve(scenario.find("i-love-you"))
    assert solution.method == "backward-induction"
    assert solution.states == 1 + 3 + 9
    assert solution.edges == 5 * 3, "on the path or off it, at each length: five classes"
    assert solution.residual == 0
    assert solution.start_value == 1 + 0.95 * (1 + 0.95 * 1) == 2.8525
    assert solution.optimum == (oracle.Optimum(0, (0, 1, 2), "我爱你", 2.8525, 3.0),)


def test_that_among_equally_good_texts_the_lowest_word_numbers_win():
    solution = oracle.solve(scenario.find("ten-words"))
    assert solution.states == 11_111
    assert [best.text for best in solution.optimum] == ["the old cat sleeps here"]
    assert solution.q(0, [0])[1] == solution.q(0, [0])[2], "the other reference is worth as much"


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_that_q_after_every_text_is_what_searching_all_texts_finds(problem):
    solution, searched = oracle.solve(problem), Searched(problem)
    assert solution.method == "backward-induction"
    assert solution.residual == 0
    for (prompt, words), q in searched.texts.items():
        assert solution.q(prompt, words).tolist() == q


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_that_the_optimum_is_the_best_of_all_whole_texts_to_the_last_bit(problem):
    solution, searched = oracle.solve(problem), Searched(problem)
    for best, value in zip(solution.optimum, searched.values, strict=True):
        whole = (
            (*words, word)
            for prompt, words in searched.texts
            for word in range(len(problem.language.words))
            if prompt == best.prompt and searched.ends(words, word)
        )
        of_all = max(discounted(searched.rewards(best.prompt, words), problem.learner.gamma) for words in whole)
        rewards = searched.rewards(best.prompt, best.words)
        assert best.value == value == of_all == discounted(rewards, problem.learner.gamma)
        assert best.return_ == pytest.approx(sum(rewards), abs=1e-12)
        assert best.text == problem.language.join(best.words)
        for position, word in enumerate(best.words):
            q = searched.texts[best.prompt, best.words[:position]]
            assert word == q.index(max(q))


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_that_the_start_value_is_the_mean_over_the_prompts_by_weight(problem):
    solution = oracle.solve(problem)
    weights, values = [p.weight for p in problem.starts], [best.value for best in solution.optimum]
    assert solution.start_value == pytest.approx(np.average(values, weights=weights), abs=1e-12)
    if len(values) == 1:
        assert solution.start_value == values[0]


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_that_states_and_values_are_those_of_the_table_traced_whole(problem):
    solution, tables = oracle.solve(problem), Tables(problem)
    assert tables.whole
    assert solution.states == tables.rows
    listed = list(solution.values())
    order = tables.row_order(np.arange(tables.rows))
    assert [(prompt, list(words)) for prompt, words, _ in listed] == [
        (int(state[0]), state[1:][state[1:] != PADDING].tolist()) for state in tables.states[order]
    ]


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_that_a_row_has_a_q_only_where_all_texts_that_share_it_agree(problem):
    solution, searched, tables = oracle.solve(problem), Searched(problem), Tables(problem)
    sharing: dict[tuple[int, tuple[int, ...]], list[list[float]]] = {}
    for (prompt, words), q in searched.texts.items():
        sharing.setdefault((prompt, searched.row(words)), []).append(q)

    found = solution.q_values(tables, np.arange(tables.rows))
    for row, q in enumerate(found):
        of_texts = np.array(sharing[tables.prompt(row), tuple(tables.seen(row))])
        expected = np.where((of_texts == of_texts[0]).all(axis=0), of_texts[0], np.nan)
        np.testing.assert_array_equal(q, expected)
    for prompt, words, value in solution.values():
        distinct = {max(q) for q in sharing[prompt, words]}
        np.testing.assert_array_equal(value, distinct.pop() if len(distinct) == 1 else np.nan)


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_that_every_node_has_the_q_of_the_texts_that_lead_to_it(problem):
    solution, searched = oracle.solve(problem), Searched(problem)
    tables = Tables(problem, whole=0)
    reached = {tables.node_after(prompt, list(words)): q for (prompt, words), q in list(searched.texts.items())[::2]}
    nodes = np.array(list(reached))
    assert solution.node_q_values(tables, nodes).tolist() == list(reached.values())


@given(scenarios(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_that_any_policy_is_worth_what_its_texts_earn(problem, random):
    choose = cache(lambda prompt, words: random.randrange(len(problem.language.words)))
    searched = Searched(problem)
    value, total = 0.0, sum(p.weight for p in problem.starts)
    for prompt, start in enumerate(problem.starts):
        words = (choose(prompt, ()),)
        while not searched.ends(words[:-1], words[-1]):
            words = (*words, choose(prompt, words))
        value += start.weight / total * discounted(searched.rewards(prompt, words), problem.learner.gamma)
    assert oracle.evaluate(problem, choose) == pytest.approx(value, abs=1e-12)


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_that_the_greedy_policy_of_the_optimum_is_worth_the_start_value_to_the_last_bit(problem):
    solution = oracle.solve(problem)
    assert oracle.evaluate(problem, lambda p, words: int(solution.q(p, words).argmax())) == solution.start_value


def test_that_a_language_far_too_large_to_trace_is_solved_and_its_rows_are_counted():
    words = [f"w{number}" for number in range(500)]
    problem = scenario.from_data(
        {
            "name": "large",
            "language": {"words": words, "joiner": " ", "max_length": 30},
            "prompts": [{"references": [" ".join(words[:30])]}],
            "rewards": [{"kind": "match"}],
            "learner": {"method": "q-learning", "gamma": 1},
        }
    )
    solution = oracle.solve(problem)
    assert solution.states == (500**30 - 1) // 499
    assert solution.edges == 59 * 500
    assert solution.start_value == 30
    limit = "1\u202f048\u202f576"
    with pytest.raises(TableError, match=rf"^too many states to list: [\d\u202f]+, and the limit is {limit}$"):
        solution.values()


def test_that_a_problem_too_large_to_solve_is_refused_in_one_sentence():
    problem = scenario.find("ten-words")
    assert oracle.solve(problem, most_edges=120).edges == 120
    with pytest.raises(TableError, match=r"^an exact solution would have to weigh more than 119 choices; use fewer"):
        oracle.solve(problem, most_edges=119)


def test_that_progress_only_grows_and_its_false_cancels(monkeypatch):
    monkeypatch.setattr(work, "REPORT_SECONDS", 0.0)
    told = []
    oracle.solve(scenario.find("morning-tea"), progress=lambda fraction: told.append(fraction) or True)
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 1

    for last in range(len(told)):
        answers = iter([True] * last + [False])
        with pytest.raises(oracle.Cancelled):
            oracle.solve(scenario.find("morning-tea"), progress=lambda _, answers=answers: next(answers))


def test_that_nothing_follows_a_text_that_has_ended():
    with pytest.raises(TableError, match="after its end"):
        oracle.solve(scenario.find("i-love-you")).q(0, [0, 1, 2])


# -- problems given as arrays -----------------------------------------------------------------------------------------


@st.composite
def graphs(draw, acyclic=False):
    """(successor, reward, ends) of a random problem, states numbered in no order."""
    states, slots = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    successor = rng.integers(0, states, (states, slots))
    reward = rng.choice([-1.0, -0.25, 0.0, 0.5, 1.0, 3.0], (states, slots))
    ends = rng.random((states, slots)) < draw(st.sampled_from([0.0, 0.2, 0.5]))
    if acyclic:
        name = rng.permutation(states)
        successor, ends = np.empty_like(successor), ends.copy()
        for position in range(states):
            ends[name[position]] |= position + 1 == states
            later = name[position + 1 :] if position + 1 < states else name
            successor[name[position]] = rng.choice(later, slots)
    return successor, reward, ends


def policy_iteration(successor, reward, ends, gamma):
    """V* by Howard's policy iteration (1960), each policy's value from its linear equations."""
    states = np.arange(len(successor))
    policy = np.zeros(len(successor), int)
    while True:
        goes_on = np.zeros((len(states), len(states)))
        goes_on[states, successor[states, policy]] = ~ends[states, policy]
        values = np.linalg.solve(np.eye(len(states)) - gamma * goes_on, reward[states, policy])
        q = np.where(ends, reward, reward + gamma * values[successor])
        better = q.max(axis=1) > q[states, policy] + 1e-9
        if not better.any():
            return values
        policy = np.where(better, q.argmax(axis=1), policy)


@given(graphs(), st.sampled_from([0.0, 0.5, 0.9, 0.98]))
@settings(max_examples=60, deadline=None)
def test_that_problems_with_loops_have_the_values_that_policy_iteration_finds(graph, gamma):
    found = oracle.solve_arrays(*graph, gamma)
    assert found.residual == 0
    np.testing.assert_allclose(found.values, policy_iteration(*graph, gamma), atol=1e-9)


@given(graphs(acyclic=True), GAMMAS)
@settings(max_examples=100, deadline=None)
def test_that_problems_without_loops_are_solved_backwards_however_their_states_are_numbered(graph, gamma):
    successor, reward, ends = graph

    @cache
    def value(state):
        return max(
            r if end else r + gamma * value(after)
            for after, r, end in zip(successor[state].tolist(), reward[state].tolist(), ends[state], strict=True)
        )

    found = oracle.solve_arrays(successor, reward, ends, gamma)
    assert found.method == "backward-induction"
    assert found.residual == 0
    assert found.values.tolist() == [value(state) for state in range(len(successor))]


def test_that_one_edge_back_makes_it_value_iteration():
    successor, reward, ends = np.array([[1], [0]]), np.array([[1.0], [0.0]]), np.zeros((2, 1), bool)
    found = oracle.solve_arrays(successor, reward, ends, 0.5)
    assert found.method == "value-iteration"
    np.testing.assert_allclose(found.values, [1 / (1 - 0.25), 0.5 / (1 - 0.25)], rtol=1e-15)


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_that_with_gamma_one_a_value_is_the_least_cost_of_ending(graph):
    successor, cost, ends = graph[0], np.abs(graph[1]), graph[2]
    states, slots = cost.shape
    to_end = np.full(states, np.inf)  # Bellman and Ford (1958): as many rounds as there are states
    for _ in range(states):
        for state in range(states):
            for slot in range(slots):
                after = 0.0 if ends[state, slot] else to_end[successor[state, slot]]
                to_end[state] = min(to_end[state], cost[state, slot] + after)
    if np.isinf(to_end).any():
        with pytest.raises(TableError, match="from which no text ends"):
            oracle.solve_arrays(successor, -cost, ends, 1.0)
    else:
        np.testing.assert_array_equal(oracle.solve_arrays(successor, -cost, ends, 1.0).values, -to_end)


def test_that_with_gamma_one_a_circle_that_pays_is_refused_in_one_sentence():
    successor, ends = np.array([[0, 0]]), np.array([[False, True]])
    with pytest.raises(TableError, match=r"^with gamma 1 going round in circles pays without end; use a gamma"):
        oracle.solve_arrays(successor, np.array([[1.0, 0.0]]), ends, 1.0)


def test_that_sweeping_is_bounded_and_can_be_cancelled(monkeypatch):
    monkeypatch.setattr(oracle, "MOST_SWEEPS", 100)
    loop = np.array([[0]]), np.array([[1.0]]), np.array([[False]])
    with pytest.raises(TableError, match=r"^the values still change after 100 sweeps; lower gamma$"):
        oracle.solve_arrays(*loop, 0.9999)
    with pytest.raises(oracle.Cancelled):
        oracle.solve_arrays(*loop, 0.9999, progress=lambda _: False)
