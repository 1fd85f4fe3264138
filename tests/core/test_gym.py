"""Environments of gymnasium's as scenarios: the table that is learned on is theirs, and learning on it is right."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langrl_gui.core import mdp, oracle, runfile, scenario
from langrl_gui.core.errors import RunFileError, ScenarioError
from langrl_gui.core.gym import Gym, Table
from langrl_gui.core.mdp import Mdp
from langrl_gui.core.runfile import dumps, loads, of_trainer
from langrl_gui.core.scenario import Scenario, Sources
from langrl_gui.core.telemetry import GraphWanted, Observer, Wanted
from langrl_gui.core.trainer import Trainer
from tests.conftest import SOAK
from tests.core.test_mdp import small_processes
from tests.problems import told

ROOT = Path(__file__).parents[2]


def learned_by(name: str, *changes: str) -> Scenario:
    return scenario.with_settings(scenario.find(name), list(changes))


def on_table(problem: Mdp, starts: list[int], longest: int = 0, **learner: Any) -> Scenario:
    """A scenario on any process, as a saved run would bring it."""
    chances = np.full(len(starts), 1 / len(starts))
    table = Table(problem, np.array(starts, np.int32), chances, longest)
    data = {
        "name": "any",
        "environment": {"kind": "gym", "id": "Any-v0"},
        "learner": {"method": "q-learning", **learner},
    }
    return scenario.from_data(data, sources=Sources(lambda reading: reading.of(""), lambda gym: table))


def test_the_table_is_the_environments() -> None:
    env = gymnasium.make("FrozenLake-v1").unwrapped
    table = scenario.find("gym:FrozenLake-v1").environment.table
    assert (table.longest, table.starts.tolist(), table.chances.tolist()) == (100, [0], [1.0])
    problem = table.mdp
    for state in range(16):
        for action in range(4):
            edge = state * 4 + action
            found: dict[tuple[int, float], float] = {}
            for chance, to, reward, ends in env.P[state][action]:
                key = (~to if ends else to, float(reward))
                found[key] = found.get(key, 0) + chance
            outcomes = range(problem.first[edge], problem.first[edge + 1])
            assert {(problem.successor[i], problem.reward[i]): problem.probability[i] for i in outcomes} == found


def test_options_make_another_environment() -> None:
    assert learned_by("gym:FrozenLake-v1", "environment.options.map_name=8x8").environment.table.mdp.states == 64
    maze = learned_by("gym:FrozenLake-v1", 'environment.options.desc=["SFG"]', "environment.options.is_slippery=false")
    assert maze.environment.table.mdp.states == 3
    assert oracle.solve(maze).optimum[0].words == (2, 2)


def test_a_changed_learning_rate_does_not_make_the_environment_anew() -> None:
    lake = scenario.find("gym:FrozenLake-v1")
    assert lake.changed("learner.alpha", 0.5).environment.table is lake.environment.table
    assert scenario.loads(scenario.dumps(lake)) == lake


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("gym:CartPole-v1", "its states are Box"),
        ("gym:Nothing-v0", "doesn't exist"),
        ("gym:FrozenLake-v99", "99"),
        ("gym:no_such_module:FrozenLake-v1", "No module named 'no_such_module'"),
        ("gym:a b", "expected a text"),
    ],
)
def test_what_cannot_be_learned_with_a_table_is_refused_with_the_reason(name: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario.find(name)
    assert len(error.value.faults) == 1
    assert error.value.faults[0].startswith("environment.id: ")
    assert fault in error.value.faults[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('id = "json:FrozenLake-v1"', "names a module to import"),
        ('id = "FrozenLake-v1"\noptions = { map_name = "../secret" }', "environment.options.map_name"),
        ('id = "FrozenLake-v1"\noptions = { map_name = "9x9" }', "9x9"),
        ('id = "FrozenLake-v1"\noptions = { nonsense = 1 }', "nonsense"),
        ('id = "Taxi-v4"\noptions = { fickle_passenger = true }', "than its table P says"),
        ('id = "FrozenLake-v1"\n[language]\nwords = ["a"]\nmax_length = 1', "leave one of them out"),
    ],
)
def test_a_file_imports_nothing_and_its_faults_are_one_sentence_each(text: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario.loads(f'name = "x"\n[environment]\nkind = "gym"\n{text}')
    assert len(error.value.faults) == 1
    assert fault in error.value.faults[0]


def test_a_module_is_imported_for_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "my_envs.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('Mine-v0', entry_point='gymnasium.envs.toy_text:FrozenLakeEnv', max_episode_steps=7)\n"
    )
    code = "from langrl_gui.core import scenario; print(scenario.find('gym:my_envs:Mine-v0').environment.table.longest)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]; {code}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("7", "")


@settings(max_examples=1000 if SOAK else 40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_processes(), st.data())
def test_kernel_and_reference_agree_to_the_last_bit(problem: Mdp, data: st.DataObject) -> None:
    starts = sorted(data.draw(st.sets(st.integers(0, problem.states - 1), min_size=1)))
    scenario_of = on_table(
        problem,
        starts,
        data.draw(st.sampled_from([0, 1, 7])),
        alpha=data.draw(st.sampled_from([0.1, 1.0])),
        gamma=data.draw(st.sampled_from([0.0, 0.5, 0.99, 1.0])),
        seed=data.draw(st.integers(0, 2**63 - 1)),
        explore={"kind": "epsilon-greedy", "epsilon": data.draw(st.sampled_from([0.0, 0.3, 1.0]))},
    )
    kernel, reference = Trainer(scenario_of), Trainer(scenario_of, compiled=False)
    kernel.advance(150)
    for slice_end in (1, 50, 150):
        reference.advance(slice_end)
    assert dumps(of_trainer(kernel)) == dumps(of_trainer(reference))


@settings(max_examples=10_000 if SOAK else 100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_processes(deterministic=True), st.floats(0, 0.99), st.integers(0, 2**63 - 1))
def test_with_alpha_1_q_learning_is_asynchronous_value_iteration(problem: Mdp, gamma: float, seed: int) -> None:
    """Bit for bit, where an action has one outcome: each step backs one cell up from its successor's best."""
    everywhere = {"kind": "epsilon-greedy", "epsilon": 1.0}
    learned = on_table(problem, list(range(problem.states)), 5, alpha=1.0, gamma=gamma, seed=seed, explore=everywhere)
    trainer = Trainer(learned)
    trainer.advance(300)
    q = np.zeros((problem.states, problem.slots))
    bound = np.abs(problem.reward).max() / (1 - gamma)
    for outcome in trainer.last_edges(300).tolist():  # each edge has one
        state, action = divmod(outcome, problem.slots)
        old, reward, following = (
            float(q[state, action]),
            float(problem.reward[outcome]),
            int(problem.successor[outcome]),
        )
        target = reward if following < 0 else reward + gamma * max(q[following].tolist())
        q[state, action] = old + 1.0 * (target - old)
    assert np.array_equal(q.ravel(), trainer.learned.q[: q.size])
    assert (np.abs(q) <= bound * (1 + 1e-12)).all()


def test_outcomes_come_about_as_often_as_the_table_says() -> None:
    one = Mdp(
        1, np.array([0, 3]), np.array([0.2, 0.5, 0.3]), np.array([0, -1, -1], np.int32), np.array([1.0, 2.0, 3.0])
    )
    trainer = Trainer(on_table(one, [0]))
    trainer.prepare()
    counts = np.zeros(3)
    for _ in range(25):
        trainer.advance(trainer.step + 4000)
        counts += np.bincount(trainer.last_edges(4000).astype(int), minlength=3)
    assert counts / counts.sum() == pytest.approx([0.2, 0.5, 0.3], abs=0.006)


def test_an_episode_that_is_cut_off_is_learned_from_as_if_it_went_on() -> None:
    """One state, reward 1 for ever: cut off after 10 steps or not, it is worth 1 / (1 - gamma)."""
    endless = Mdp(1, np.array([0, 1]), np.ones(1), np.zeros(1, np.int32), np.ones(1))
    for longest in (0, 10):
        trainer = Trainer(on_table(endless, [0], longest, alpha=0.5, gamma=0.9))
        trainer.advance(1000)
        assert trainer.learned.q[0] == pytest.approx(10)
        assert trainer.episode == (100 if longest else 0)


@pytest.mark.parametrize(("size", "steps"), [("4x4", 2_000_000), ("8x8", 20_000_000)])
def test_what_q_learning_has_learned_of_the_lake_is_worth_almost_the_optimum(size: str, steps: int) -> None:
    lake = learned_by(
        "gym:FrozenLake-v1", f"environment.options.map_name={size}", "learner.alpha=0.01", "learner.initial=1.0",
        "learner.explore.epsilon=0.3"
    )  # fmt: skip
    trainer = Trainer(lake)
    trainer.advance(steps)
    assert trainer.greedy_text(0).value == pytest.approx(oracle.solve(lake).start_value, abs=0.01)


def test_the_greedy_policy_is_valued_exactly_and_its_curve_tends_to_that() -> None:
    trainer = Trainer(learned_by("gym:FrozenLake-v1", "learner.initial=1.0"))
    trainer.advance(10**9, 4000)
    table = trainer.scenario.environment.table.mdp
    exact = mdp.evaluate(table, trainer.learned.best.astype(int)[: table.states], 0.99)[0]
    assert trainer.greedy_text(0).value == exact
    values = trainer.moment().histories["greedy_value"]
    assert values[-1] == pytest.approx(exact, abs=1e-7)


def test_with_gamma_1_a_greedy_policy_that_never_ends_is_worth_minus_infinity() -> None:
    trainer = Trainer(learned_by("gym:CliffWalking-v1", "learner.gamma=1.0"))
    assert trainer.greedy_text(0)[1:4] == ((0, 0, 0, 0), -np.inf, -4.0)


def test_a_run_goes_on_from_its_file_as_if_it_had_never_stopped_and_opens_nothing_else() -> None:
    for name in ("gym:FrozenLake-v1", "gym:CliffWalking-v1", "gym:Taxi-v4"):
        trainer = Trainer(scenario.find(name))
        trainer.advance(3333)
        saved = dumps(of_trainer(trainer))
        code = (
            "import sys; from langrl_gui.core import runfile; run = runfile.loads(sys.stdin.buffer.read(), 'x')\n"
            "trainer = runfile.to_trainer(run); trainer.advance(5000); assert 'gymnasium' not in sys.modules\n"
            "print(trainer.state_hash())"
        )
        done = subprocess.run([sys.executable, "-c", code], input=saved, capture_output=True, cwd=ROOT)
        trainer.advance(5000)
        assert done.stdout.decode().strip() == trainer.state_hash(), done.stderr
        assert dumps(loads(saved, "x")) == saved


def test_a_run_that_names_a_module_imports_nothing() -> None:
    run = of_trainer(Trainer(on_table(Mdp(1, np.arange(2), np.ones(1), np.zeros(1, np.int32), np.ones(1)), [0])))
    data = scenario.to_data(run.scenario)
    data["environment"]["id"] = "antigravity:Any-v0"
    table = run.scenario.environment.table
    evil = scenario.from_data(data, sources=Sources(lambda reading: reading.of(""), lambda gym: table))
    again = loads(dumps(runfile.Run(evil, run.moment, run.kernel)), "x")
    assert again.scenario.environment.id == "antigravity:Any-v0"
    with pytest.raises(ScenarioError, match="names a module to import"):
        scenario.with_settings(again.scenario, ["environment.options.x=1"])
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    "changed",
    [
        {"successor": np.array([0, 99, -1], np.int32)},
        {"probability": np.array([0.2, 0.5, 0.5])},
        {"probability": np.array([0.2, np.nan, 0.3])},
        {"reward": np.array([1.0, np.inf, 3.0])},
        {"first": np.array([0, 2])},
    ],
    ids=["a state that is not there", "chances beyond 1", "no chance", "a reward beyond all", "an outcome too many"],
)
def test_a_table_that_contradicts_itself_is_no_run(changed: dict[str, Any]) -> None:
    parts = {
        "slots": 1, "first": np.array([0, 3]), "probability": np.array([0.2, 0.5, 0.3]),
        "successor": np.array([0, -1, -1], np.int32), "reward": np.array([1.0, 2.0, 3.0]),
    }  # fmt: skip
    run = of_trainer(Trainer(on_table(Mdp(**parts), [0])))
    wrong = run.scenario.environment.table._replace(mdp=Mdp(**(parts | changed)))
    Gym.bring(run.scenario.environment, wrong)
    with pytest.raises(RunFileError, match="contradicts itself"):
        loads(dumps(run), "x")


def test_what_the_views_are_told_of_an_environment_adds_up() -> None:
    trainer = Trainer(scenario.find("gym:FrozenLake-v1"))
    for seen in told(trainer, 300):
        assert seen.graph.shape.column[seen.graph.shape.target].min() > 0
        if seen.graph.last_edge >= 0:
            shape, edge = seen.graph.shape, seen.graph.last_edge
            assert shape.ends[shape.target[edge]] or shape.state(shape.target[edge]) == trainer.state
    assert trainer.episode > 0


@pytest.mark.parametrize("name", ["gym:FrozenLake-v1", "gym:CliffWalking-v1", "gym:Taxi-v4"])
def test_the_state_graph_has_every_state_that_can_be_reached_in_the_column_of_its_fewest_steps(name: str) -> None:
    trainer = Trainer(scenario.find(name))
    tables = trainer.tables
    trainer.advance(2_000)
    graph = Observer(trainer).observe(Wanted(graph=GraphWanted(0))).graph
    shape = graph.shape
    states = np.flatnonzero(~shape.ends)
    reached = np.flatnonzero(tables.length >= 0)
    assert sorted(shape.nodes[states].tolist()) == reached.tolist()
    assert (shape.column[states] == tables.length[shape.nodes[states]]).all()
    visits = trainer.learned.visits[: tables.rows * tables.slots].reshape(-1, tables.slots)
    assert (graph.visits[states] == visits[tables.row[shape.nodes[states]]].sum(axis=1)).all()
    assert (
        graph.value[states] == trainer.learned.q.reshape(-1, tables.slots)[tables.row[shape.nodes[states]]].max(1)
    ).all()
