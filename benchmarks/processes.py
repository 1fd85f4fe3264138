"""Somebody else's environments: learning beside a loop as people write it, and exact solutions beside quantecon's.

quantecon is not among what the program needs: `pip install -e '.[bench]'`.
"""

import gymnasium
import numpy as np
from numpy.typing import NDArray

from benchmarks.result import LeftOut, Result, in_turn, seconds
from langrl_gui.core import mdp
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.mdp import Mdp
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.trainer import Trainer

LAKE = "gym:FrozenLake-v1"
GAMMA = 0.99
EPSILON = 1e-8
"""quantecon is asked for values this close; ours are solved for to the last digits."""


def loop(scenario: Scenario, steps: int) -> NDArray[np.float64]:
    """Q-learning with a numpy table on the environment itself; returns the table, (states, actions)."""
    assert scenario.environment is not None
    env = gymnasium.make(scenario.environment.id)
    learner = scenario.learner
    env.action_space.seed(learner.seed)
    rng = np.random.default_rng(learner.seed)
    q = np.zeros((env.observation_space.n, env.action_space.n))  # type: ignore[attr-defined]
    state, _ = env.reset(seed=learner.seed)
    for _ in range(steps):
        action = int(env.action_space.sample()) if rng.random() < learner.explore.epsilon else int(q[state].argmax())
        next_state, reward, terminated, truncated, _ = env.step(action)
        target = float(reward) if terminated else float(reward) + learner.gamma * q[next_state].max()
        q[state, action] += learner.alpha * (target - q[state, action])
        state = next_state
        if terminated or truncated:
            state, _ = env.reset()
    env.close()
    return q


def train(steps: int = 100_000_000, loop_steps: int = 20_000, pairs: int = 5) -> list[Result]:
    """The lake by the kernel, and in turn as much of it as is bearable by the loop."""
    scenario = scenarios.find(LAKE)
    kernel, python = [], []
    for _ in range(pairs):
        trainer = Trainer(scenario)
        trainer.prepare()
        kernel.append(seconds(lambda run=trainer: run.advance(steps)) / steps)
        python.append(seconds(lambda: loop(scenario, loop_steps)) / loop_steps)
    ours, theirs = 1e-6 / min(kernel), 1e-6 / min(python)
    details = {"kernel M steps/s": ours, "gymnasium and numpy M steps/s": theirs}
    note = f"{LAKE}, {steps:,} steps, the greedy policy valued on the way"
    return [Result("training on somebody else's environment", ours / theirs, "x", 300, 300, details, note)]


def random_process(states: int, slots: int, outcomes: int, local: bool = False, seed: int = 0) -> Mdp:
    """Successors anywhere, or, with `local`, here or beside, as on a square map; rewards normal."""
    rng = np.random.default_rng(seed)
    edges = states * slots
    chances = rng.dirichlet(np.ones(outcomes), edges).ravel() if outcomes > 1 else np.ones(edges)
    if local:
        side = int(states**0.5)
        moves = rng.choice([-side, -1, 0, 1, side], edges * outcomes)
        successors = (np.repeat(np.arange(states), slots * outcomes) + moves) % states
    else:
        successors = rng.integers(0, states, edges * outcomes)
    first = np.arange(edges + 1) * outcomes
    return Mdp(slots, first, chances, successors.astype(np.int32), rng.normal(size=edges * outcomes))


def solve(states: int = 100_000, slots: int = 10, pairs: int = 3) -> list[Result]:
    """A million edges, by us and by quantecon's quickest method: one outcome each or three, anywhere or beside."""
    try:
        from quantecon.markov import DiscreteDP
        from scipy.sparse import csr_matrix
    except ImportError:
        raise LeftOut("quantecon is not installed; pip install -e '.[bench]'") from None
    results = []
    for outcomes, local in ((1, False), (3, False), (3, True)):
        problem = random_process(states, slots, outcomes, local)
        chances = csr_matrix((problem.probability, problem.successor, problem.first), shape=(problem.edges, states))
        of_state, of_slot = np.divmod(np.arange(problem.edges), slots)
        theirs = DiscreteDP(problem.expected_reward, chances, GAMMA, of_state, of_slot)

        def quantecon(problem: DiscreteDP = theirs) -> NDArray[np.float64]:
            # Value iteration takes ten times as long; policy iteration, by elimination, more memory than there is.
            found = problem.solve(method="modified_policy_iteration", epsilon=EPSILON, max_iter=10_000)
            values: NDArray[np.float64] = found.v
            return values

        exact = mdp.solve(problem, GAMMA)
        assert np.abs(quantecon() - exact.values).max() < EPSILON  # compiled by then, and it is the same problem
        ours, others = in_turn(pairs, lambda p=problem: mdp.solve(p, GAMMA), quantecon)
        details = {"quantecon s": min(others), "residual": exact.residual}
        where = "successors beside" if local else "successors anywhere"
        note = f"{problem.edges:,} edges, outcomes {outcomes}, {where}; quantecon's values to {EPSILON:g}"
        results.append(Result("exact solution", min(ours), "s", 5, 1, details, note))
        results.append(Result("exact solution beside quantecon", min(others) / min(ours), "x", 1, 1))
    return results
