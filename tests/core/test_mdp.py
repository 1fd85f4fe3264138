"""Exact solutions of processes with chance in them: three ways that agree, and numbers that others have published."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langrl_gui.core import mdp
from langrl_gui.core.errors import TableError
from langrl_gui.core.mdp import STAY, Mdp
from tests.conftest import SOAK

Outcome = tuple[float, int, float, bool]
"""(probability, next state, reward, whether the episode ends), as gymnasium's toy environments write it."""

HALVES = st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0])
AMOUNTS = HALVES | st.floats(-1, 1, width=32)


def process(table: list[list[list[Outcome]]]) -> Mdp:
    """table[state][action] = its outcomes."""
    edges = [edge for state in table for edge in state]
    outcomes = [outcome for edge in edges for outcome in edge]
    return Mdp(
        len(table[0]),
        np.cumsum([0, *map(len, edges)]),
        np.array([chance for chance, _, _, _ in outcomes]),
        np.array([~to if ends else to for _, to, _, ends in outcomes], np.int32),
        np.array([float(reward) for _, _, reward, _ in outcomes]),
    )


def of_gymnasium(name: str, **options: Any) -> tuple[Mdp, int]:
    """A toy environment's table, and its one start."""
    env = gymnasium.make(name, **options).unwrapped
    table = [[env.P[state][action] for action in range(env.action_space.n)] for state in range(env.observation_space.n)]
    return process(table), int(env.initial_state_distrib.argmax())


@st.composite
def small_processes(
    draw: st.DrawFn, deterministic: bool | None = None, amounts: st.SearchStrategy[float] = AMOUNTS
) -> Mdp:
    """1 to 12 states, 1 to 5 actions: with ties, states that are never left, and states that are never reached."""
    states, slots = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    deterministic = draw(st.booleans()) if deterministic is None else deterministic
    chances = [(1.0,)] if deterministic else [(1.0,), (0.5, 0.5), (1 / 3, 1 / 3, 1 / 3), (0.9, 0.1)]
    outcome = st.tuples(st.integers(0, states - 1), amounts, st.sampled_from([False, False, False, True]))

    def edge() -> list[Outcome]:
        return [(chance, *draw(outcome)) for chance in draw(st.sampled_from(chances))]

    return process([[edge() for _ in range(slots)] for _ in range(states)])


@settings(max_examples=10_000 if SOAK else 250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_processes(), st.just(0.99) | st.floats(0, 0.99))
def test_value_iteration_policy_iteration_and_linear_equations_agree(problem: Mdp, gamma: float) -> None:
    by_policies, by_values = mdp.solve(problem, gamma), mdp.solve(problem, gamma, "value-iteration")
    assert np.abs(by_policies.values - by_values.values).max() < 1e-10
    transitions, rewards = np.zeros((problem.states, problem.states)), np.zeros(problem.states)
    for state in range(problem.states):
        edge = state * problem.slots + by_values.policy[state]
        for outcome in range(problem.first[edge], problem.first[edge + 1]):
            rewards[state] += problem.probability[outcome] * problem.reward[outcome]
            if problem.successor[outcome] >= 0:
                transitions[state, problem.successor[outcome]] += problem.probability[outcome]
    by_equations = np.linalg.solve(np.eye(problem.states) - gamma * transitions, rewards)
    assert np.abs(by_policies.values - by_equations).max() < 1e-10
    assert np.abs(mdp.evaluate(problem, by_policies.policy, gamma) - by_equations).max() < 1e-10
    assert by_policies.residual < 1e-12
    assert (np.abs(by_policies.values) <= np.abs(problem.reward).max() / (1 - gamma) * (1 + 1e-12)).all()


@settings(max_examples=2_000 if SOAK else 100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_processes(amounts=HALVES))
def test_with_gamma_1_the_optimum_is_what_a_gamma_near_1_tends_to(problem: Mdp) -> None:
    """A value is finite just where it stays bounded as gamma grows; and whoever plays the policy gets it."""
    try:
        solved = mdp.solve(problem, 1.0)
    except TableError:
        assert mdp.solve(problem, 1 - 1e-7).values.max() > -1000  # not everybody loses without end
        return
    near = mdp.solve(problem, 1 - 1e-7)
    swings = np.isnan(mdp.evaluate(problem, near.policy, 1.0))  # what gains and loses in turn for ever has no value
    finite = np.isfinite(solved.values)
    both = finite & ~swings
    assert near.values[both] == pytest.approx(solved.values[both], rel=1e-3, abs=1e-3)
    assert (near.values[~finite & ~swings] < -10).all()
    assert mdp.evaluate(problem, solved.policy, 1.0)[finite] == pytest.approx(solved.values[finite], rel=1e-9, abs=1e-9)


@settings(max_examples=500 if SOAK else 50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_processes(), st.sampled_from([0.0, 0.5, 0.9, 0.99]), st.booleans())
def test_many_states_are_solved_as_few_are(problem: Mdp, gamma: float, compiled: bool) -> None:
    """The equations of large problems are solved step by step, and those of the largest by compiled sweeps; copies of
    a small one have its values over and over."""
    copies = -(-(mdp.DENSE + 1) // problem.states)
    shift = np.repeat(np.arange(copies) * problem.states, len(problem.successor))
    successor = np.tile(problem.successor, copies)
    large = Mdp(
        problem.slots,
        np.concatenate([[0], np.cumsum(np.tile(np.diff(problem.first), copies))]),
        np.tile(problem.probability, copies),
        np.where(successor >= 0, successor + shift, successor - shift).astype(np.int32),
        np.tile(problem.reward, copies),
    )
    small = mdp.solve(problem, gamma)
    with pytest.MonkeyPatch.context() as patch:
        if compiled:
            patch.setattr(mdp, "COMPILED", 0)
        solved = mdp.solve(large, gamma)
        assert mdp.evaluate(large, solved.policy, gamma) == pytest.approx(solved.values, abs=1e-10)
    assert solved.values == pytest.approx(np.tile(small.values, copies), abs=1e-10)


@settings(max_examples=500 if SOAK else 50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_processes(), st.lists(st.floats(-100, 100), min_size=12, max_size=12), st.floats(0, 1))
def test_a_compiled_sweep_is_the_sweep(problem: Mdp, values: list[float], gamma: float) -> None:
    guess = np.array(values[: problem.states])
    q = problem.q(guess, gamma)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mdp, "COMPILED", 0)
        improved, policy = problem.improve(guess, gamma)
    assert improved == pytest.approx(q.max(axis=1), abs=1e-12)
    assert q[np.arange(problem.states), policy] == pytest.approx(improved, abs=1e-12)


@pytest.mark.parametrize(("size", "value"), [("4x4", 0.5420259), ("8x8", 0.4146404)])
def test_the_slippery_lake_is_worth_what_is_known(size: str, value: float) -> None:
    problem, start = of_gymnasium("FrozenLake-v1", map_name=size)
    for method in ("policy-iteration", "value-iteration"):
        assert mdp.solve(problem, 0.99, method).values[start] == pytest.approx(value, abs=5e-8)


def test_the_cliff_takes_13_steps() -> None:
    problem, start = of_gymnasium("CliffWalking-v1")
    solved = mdp.solve(problem, 1.0)
    assert solved.values[start] == -13
    assert mdp.evaluate(problem, solved.policy, 1.0)[start] == -13


def gridworld() -> Mdp:
    """Example 4.1 of Sutton & Barto 2018: 4 x 4, two corners end it, every step costs 1."""

    def move(state: int, down: int, right: int) -> list[Outcome]:
        row, column = min(max(state // 4 + down, 0), 3), min(max(state % 4 + right, 0), 3)
        to = 4 * row + column
        return [(1.0, state, 0.0, True)] if state in (0, 15) else [(1.0, to, -1.0, to in (0, 15))]

    return process([[move(state, *way) for way in ((-1, 0), (1, 0), (0, 1), (0, -1))] for state in range(16)])


def test_the_equiprobable_policy_has_the_values_that_sutton_and_barto_print() -> None:
    """Figure 4.1, k = infinity."""
    printed = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0]
    assert mdp.evaluate(gridworld(), np.full((16, 4), 0.25), 1.0) == pytest.approx(printed, abs=1e-10)


def test_a_policy_that_never_ends_and_always_pays_is_worth_minus_infinity() -> None:
    """Always up: from the first column one gets to the corner, from the others to the wall."""
    values = mdp.evaluate(gridworld(), np.zeros(16, int), 1.0)
    assert values.reshape(4, 4)[:, 0].tolist() == [0, -1, -2, -3]
    assert values[15] == 0
    assert (np.delete(values.reshape(4, 4), 0, axis=1).ravel()[:-1] == -np.inf).all()


@pytest.mark.parametrize(
    ("reward", "value"), [(-1.0, -np.inf), (1.0, np.inf), (0.0, 0.0)], ids=["losing", "gaining", "neither"]
)
def test_going_round_for_ever_has_the_value_that_it_tends_to(reward: float, value: float) -> None:
    circle = process([[[(1.0, 1, 0.0, False)]], [[(1.0, 1, reward, False)]]])
    assert mdp.evaluate(circle, np.zeros(2, int), 1.0).tolist() == [value, value]


def test_what_swings_for_ever_or_may_gain_or_lose_without_end_has_no_value() -> None:
    swings = process([[[(1.0, 1, 1.0, False)]], [[(1.0, 0, -1.0, False)]]])
    assert np.isnan(mdp.evaluate(swings, np.zeros(2, int), 1.0)).all()
    either = process(
        [[[(0.5, 1, 0.0, False), (0.5, 2, 0.0, False)]], [[(1.0, 1, 1.0, False)]], [[(1.0, 2, -1.0, False)]]]
    )
    values = mdp.evaluate(either, np.zeros(3, int), 1.0)
    assert np.isnan(values[0])
    assert values[1:].tolist() == [np.inf, -np.inf]


def test_doing_nothing_for_ever_is_best_where_all_else_costs() -> None:
    rest = process([[[(1.0, 0, 0.0, False)], [(1.0, 0, -1.0, True)]]])
    solved = mdp.solve(rest, 1.0)
    assert (solved.values.tolist(), solved.policy.tolist()) == ([0.0], [STAY])


def test_a_state_from_which_nothing_ends_is_worth_minus_infinity_where_each_step_costs() -> None:
    trap = process([[[(1.0, 1, -1.0, False)], [(1.0, 0, -5.0, True)]], [[(1.0, 1, -1.0, False)]] * 2])
    assert mdp.solve(trap, 1.0).values.tolist() == [-5.0, -np.inf]


def test_a_circle_that_pays_has_no_optimum_with_gamma_1_and_that_is_said() -> None:
    circle = process([[[(1.0, 0, 1.0, False)], [(1.0, 0, 0.0, True)]]])
    with pytest.raises(TableError, match="pays without end"):
        mdp.solve(circle, 1.0)
    endless = process([[[(1.0, 0, 1.0, False)]]])
    with pytest.raises(TableError, match="has no value"):
        mdp.solve(endless, 1.0)


def test_of_equally_good_actions_the_lowest_is_given() -> None:
    same = process([[[(1.0, 0, 1.0, True)]] * 3])
    assert mdp.solve(same, 0.9).policy.tolist() == [0]
    assert mdp.solve(same, 1.0).policy.tolist() == [0]
