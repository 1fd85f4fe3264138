"""Environments of gymnasium's that have no table: asked step by step, they are learned from as a textbook says."""

import itertools
import random
import time
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langrl_gui.core import draws, gym_play, oracle, runfile, saying, scenario
from langrl_gui.core.errors import LangrlError, RunFileError, ScenarioError, TableError
from langrl_gui.core.explain import Update
from langrl_gui.core.gym_play import seed_of
from langrl_gui.core.runfile import dumps, loads, of_trainer
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import GraphWanted, Observer, Ranking, Wanted, find_update
from langrl_gui.core.trainer import Trainer
from tests.problems import told


class Env(gymnasium.Env[Any, Any]):
    """An environment that is what `play` does: it is given the luck, and yields (state, reward, ended, cut off) for the
    actions that are sent to it."""

    observation_space: Space[Any] = Discrete(2)
    action_space: Space[Any] = Discrete(2)

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        raise NotImplementedError

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.action: Any = None
        self._played = self.play()
        return next(self._played)[0], {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.action = action
        return *next(self._played), {}


class HiddenLake(Env):
    """The slippery lake without its table; 5 steps more than the longest way across it, and the night falls."""

    observation_space, action_space = Discrete(16), Discrete(4)

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        lake = FrozenLakeEnv()
        lake.np_random = self.np_random
        state, _ = lake.reset()
        yield state, 0.0, False, False
        while True:
            state, reward, ended, _, _ = lake.step(self.action)
            yield state, float(reward), ended, False


class TwoDials(Env):
    """Two dials with ten marks from 5 on, to be turned up or down, and a light that goes on and off; both at 7 wins."""

    observation_space = Tuple((MultiDiscrete([10, 10], start=[5, 5]), Discrete(2, start=-1)))
    action_space = MultiDiscrete([2, 2])

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        dials, which = self.np_random.integers(5, 10, 2), -1
        won = False
        while True:
            yield (dials.copy(), which), float(won), won, False
            dials[self.action[0]] = np.clip(dials[self.action[0]] + (1 if self.action[1] else -1), 5, 14)
            which, won = -1 if which else 0, bool((dials == 7).all())


class Forever(Env):
    """One state, reward 1 for ever."""

    observation_space, action_space = Discrete(1), Discrete(1)

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        while True:
            yield 0, 1.0, False, False


class OverAtLast(Env):
    """The same, but for the tenth step, which is the last."""

    observation_space, action_space = Discrete(1), Discrete(1)

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        for step in range(11):
            yield 0, 1.0, step == 10, step == 10


class Whimsical(Env):
    """Heeds no seed."""

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        while True:
            yield random.randrange(2), random.random(), False, False


class Weather(Env):
    """Does what a seed says, as long as the weather, which is not in it, stays as it is."""

    weather = 0

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        while True:
            yield int(self.np_random.integers(2)), float(self.weather), bool(self.np_random.random() < 0.1), False


class Frail(Env):
    """Fails at its 150th step, once."""

    steps = -(10**9)

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        while True:
            yield int(self.np_random.integers(2)), 1.0, bool(self.np_random.random() < 0.1), False
            Frail.steps += 1
            if Frail.steps == 150:
                raise RuntimeError("the wire broke")


class Liar(Env):
    """Is in a state that it has not."""

    def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
        while True:
            yield 2, 1.0, False, False


class Seeing(Env):
    observation_space = Box(0, 1, (3,))


class Pushing(Env):
    action_space = Box(0, 1, (1,))


class Named(Env):
    observation_space = Dict({"a": Discrete(2)})


class Vast(Env):
    observation_space = MultiDiscrete([10**6, 10**6])


LIMITS = {"HiddenLake": 11, "Forever": 10}


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    kinds = Env.__subclasses__()
    for kind in kinds:
        gymnasium.register(f"{kind.__name__}-v0", entry_point=kind, max_episode_steps=LIMITS.get(kind.__name__))
    yield
    for kind in kinds:
        gymnasium.registry.pop(f"{kind.__name__}-v0", None)


def called(name: str, *changes: str) -> Scenario:
    return scenario.with_settings(scenario.find(f"gym:{name}"), list(changes))


def saved(trainer: Trainer) -> bytes:
    return dumps(of_trainer(trainer))


def taken_up(data: bytes) -> Trainer:
    return runfile.to_trainer(loads(data, "x"))


# -- spaces -----------------------------------------------------------------------------------------------------------

DISCRETE = st.builds(Discrete, st.integers(1, 4), start=st.integers(-3, 3))
SPACES = st.recursive(
    DISCRETE
    | st.builds(MultiDiscrete, st.lists(st.integers(1, 3), min_size=1, max_size=3))
    | st.builds(MultiDiscrete, st.just([[2, 3], [1, 2]]), start=st.just([[0, 5], [-1, 2]]))
    | st.builds(MultiBinary, st.integers(1, 3)),
    lambda parts: st.lists(parts, min_size=1, max_size=3).map(lambda spaces: Tuple(tuple(spaces))),
    max_leaves=3,
)


@settings(max_examples=200, deadline=None)
@given(SPACES)
def test_that_flattening_a_space_is_a_bijection(space: Space[Any]) -> None:
    parts = gym_play._parts_of(space)
    assert parts is not None
    names = set()
    for number in range(parts.members):
        member = gym_play._member(space, parts.values(number))
        assert space.contains(member)
        assert parts.number(list(gym_play._values(space, member))) == number
        names.add(parts.name(number))
    assert len(names) == parts.members
    space.seed(0)
    for _ in range(20):
        assert 0 <= parts.number(list(gym_play._values(space, space.sample()))) < parts.members


def test_that_the_first_part_counts_most_and_states_are_named_by_their_parts() -> None:
    environment = scenario.find("gym:Blackjack-v1").environment
    assert environment.spaces.states.number((13, 10, 1)) == (13 * 11 + 10) * 2 + 1
    assert environment.state_name(environment.spaces.states.number((13, 10, 1))) == "13,10,1"
    assert environment.state_called("(13, 10, 1)") == environment.spaces.states.number((13, 10, 1))
    assert [environment.state_called(name) for name in ("13,10", "13,10,2", "x", "")] == [None] * 4
    assert called("TwoDials-v0").language.words == ("0,0", "0,1", "1,0", "1,1")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("Seeing-v0", "its states are Box"),
        ("Pushing-v0", "its actions are Box"),
        ("Named-v0", "its states are Dict"),
        ("Vast-v0", "it has more than"),
        ("Whimsical-v0", "it does not do the same again"),
        ("Liar-v0", "2"),
    ],
)
def test_that_what_cannot_be_learned_step_by_step_is_refused_with_the_reason(name: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario.find(f"gym:{name}")
    assert len(error.value.faults) == 1
    assert fault in error.value.faults[0]


# -- learning ---------------------------------------------------------------------------------------------------------


def textbook(name: str, learned: Scenario, steps: int) -> dict[tuple[Any, int], float]:
    """Q-learning as everybody writes it, on gymnasium's own environment, with the luck of our run."""
    env, learner = gymnasium.make(name), learned.learner
    explore, slot, begin = (
        draws.key(learner.seed, stream) for stream in (draws.EXPLORE, draws.SLOT, draws.ENVIRONMENT)
    )
    q: dict[tuple[Any, int], float] = {}
    actions = range(env.action_space.n)
    for episode in itertools.count():
        state, _ = env.reset(seed=seed_of(begin, episode))
        over = False
        for position in itertools.count():
            if over:
                break
            if draws.draw(explore, episode, position) / 2**64 < learner.explore.epsilon:
                action = draws.below(draws.draw(slot, episode, position), len(actions))
            else:
                action = max(actions, key=lambda each, here=state: q.get((here, each), 0.0))
            after, reward, terminated, truncated, _ = env.step(action)
            target = float(reward)
            if not terminated:
                target += learner.gamma * max(q.get((after, each), 0.0) for each in actions)
            old = q.get((state, action), 0.0)
            q[state, action] = old + learner.alpha * (target - old)
            state, over = after, terminated or truncated
            steps -= 1
            if not steps:
                return q
    raise AssertionError


@pytest.mark.parametrize("name", ["HiddenLake-v0", "Blackjack-v1"])
def test_that_a_run_is_the_textbook_loop_with_the_same_luck_to_the_last_bit(name: str) -> None:
    learned = called(name, "learner.explore.epsilon=0.3", "learner.seed=7")
    trainer = Trainer(learned)
    trainer.advance(5000)
    spaces, slots = learned.environment.spaces, trainer.tables.slots
    q = textbook(name, learned, 5000)
    assert len(q) > 30
    for (state, action), value in q.items():
        row = spaces.states.number(state if isinstance(state, tuple) else (state,))
        assert trainer.learned.q[row * slots + action] == value
    assert trainer.learned.visits.sum() == 5000
    assert trainer.cells_visited == len(q)


def test_that_tuples_and_many_dials_are_learned() -> None:
    trainer = Trainer(called("TwoDials-v0", "learner.alpha=1.0", "learner.gamma=0.9", "learner.initial=1.0"))
    trainer.advance(30_000)
    rows = trainer.visited_rows()
    parts = trainer.scenario.environment.spaces.states
    for row in rows[:: max(1, len(rows) // 50)].tolist():
        one, other, _ = parts.values(row)
        if max(one, other) <= 9 and (one, other) != (7, 7):
            away = abs(one - 7) + abs(other - 7)
            best = trainer.learned.q[row * 4 : row * 4 + 4].max()
            assert best == pytest.approx(0.9 ** (away - 1))
    (said,) = {trainer.greedy_text(0)}
    assert said.total == 1.0


def test_that_an_episode_that_is_cut_off_is_learned_from_as_if_it_went_on_and_one_that_ends_is_not() -> None:
    endless, over = (
        Trainer(called(name, "learner.alpha=0.5", "learner.gamma=0.9")) for name in ("Forever-v0", "OverAtLast-v0")
    )
    for trainer in (endless, over):
        trainer.advance(1000)
        assert trainer.episode == 100
    assert endless.learned.q[0] == pytest.approx(10)
    assert over.learned.q[0] < 9.5  # the tenth step is not followed by anything, even where it is cut off as well


# -- a run is a run ---------------------------------------------------------------------------------------------------


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["HiddenLake-v0", "Blackjack-v1", "TwoDials-v0"]),
    st.lists(st.integers(0, 2500), max_size=4).map(sorted),
    st.integers(0, 2**31),
)
def test_that_saved_anywhere_and_gone_on_with_it_is_the_run_that_never_stopped(
    name: str, cuts: list[int], seed: int
) -> None:
    never = Trainer(called(name, f"learner.seed={seed}"))
    never.advance(1000)
    never.set("learner.alpha", 0.3)
    never.advance(2500)
    trainer = Trainer(called(name, f"learner.seed={seed}"))
    for cut in [*cuts, 2500]:
        if trainer.step <= 1000 < cut:
            trainer.advance(1000)
            trainer.set("learner.alpha", 0.3)
        trainer.advance(cut)
        trainer = taken_up(saved(trainer))
    assert saved(trainer) == saved(never)


def test_that_looking_answering_and_estimating_change_nothing() -> None:
    alone, watched = (Trainer(called("Blackjack-v1")) for _ in range(2))
    alone.advance(1500)
    observer = Observer(watched)
    wanted = Wanted(
        curves=True, says=True, tape=2, graph=GraphWanted(6), heat_rows=(0, 99), heat_slots=(0, 2), table=Ranking(),
        table_part=(0, 9), inspected=(), samples=True, current=True,
    )  # fmt: skip
    for step in range(0, 1500, 150):
        watched.advance(step)
        observer.observe(wanted)
        saying.answer(watched, 0, step)
        watched.estimate()
    watched.advance(1500)
    assert saved(alone) == saved(watched)
    observer.close()


def test_that_replaying_gives_the_same_bytes_and_finds_the_update_that_was() -> None:
    trainer = Trainer(called("Blackjack-v1"))
    states: list[tuple[tuple[int, ...], Update | None]] = []
    for _ in range(400):
        before = trainer.state
        trainer.advance(trainer.step + 1)
        states.append((before, Observer(trainer).observe(Wanted(inspected=())).inspection.update))
    again = Trainer(trainer.start_scenario)
    again.replay(trainer.timeline, 400)
    assert saved(again) == saved(trainer)
    state, update = states[350]
    last = next(each for each in reversed(states) if each[0] == state)[1]
    assert find_update(trainer.start_scenario, trainer.timeline, 400, state, lambda done: True) == last
    assert update is not None


def test_that_the_curves_widen_and_say_nothing_of_a_value_that_nobody_knows() -> None:
    trainer = Trainer(called("Forever-v0"))
    trainer.advance(10**9, 2500)
    curves = Observer(trainer).observe(Wanted(curves=True)).curves
    assert (curves.width, len(curves.ends), len(curves.greedy_value)) == (4, 625, 0)
    assert (curves.return_mean == 10).all()
    assert taken_up(saved(trainer)).state_hash() == trainer.state_hash()


def test_that_what_the_views_are_told_adds_up() -> None:
    trainer = Trainer(called("HiddenLake-v0"))
    for seen in told(trainer, 300):
        if seen.graph.last_edge >= 0:
            shape, edge = seen.graph.shape, seen.graph.last_edge
            over = shape.ends[shape.target[edge]] or not trainer.position
            assert over or shape.state(shape.target[edge]) == trainer.state
    assert trainer.episode > 0


def test_that_outcomes_are_counted_as_often_as_they_came_about() -> None:
    trainer = Trainer(called("HiddenLake-v0", "learner.explore.epsilon=1.0"))
    trainer.advance(15_000)
    found, lake = trainer.moment().found, FrozenLakeEnv()
    counts = np.zeros(64)
    np.add.at(counts, found.edge, found.counts)
    assert (counts == trainer.learned.visits[:64]).all()
    often = int(counts.argmax())
    said = {}
    for chance, to, reward, ends in lake.P[often // 4][often % 4]:
        key = (-1 if ends else to, float(reward))
        said[key] = said.get(key, 0) + chance
    here = found.edge == often
    shares = {
        (into, reward): count / counts[often]
        for into, reward, count in zip(
            found.into[here].tolist(), found.reward[here].tolist(), found.counts[here].tolist(), strict=True
        )
    }
    assert shares == pytest.approx(said, abs=0.04)


@pytest.mark.parametrize("name", ["counts", "into", "reward", "starts", "start_counts"])
def test_that_outcomes_that_contradict_the_visits_are_no_run(name: str) -> None:
    trainer = Trainer(called("HiddenLake-v0"))
    trainer.advance(500)
    run = of_trainer(trainer)
    wrong = run.moment.found._replace(**{name: getattr(run.moment.found, name).copy()})
    getattr(wrong, name)[-1] = {"into": 99, "reward": np.inf, "starts": 99}.get(name, 0)
    with pytest.raises(RunFileError, match="found other outcomes than its visits are"):
        loads(dumps(runfile.Run(run.scenario, runfile.replace(run.moment, found=wrong), run.kernel)), "x")


# -- what can go wrong ------------------------------------------------------------------------------------------------


def test_that_an_environment_that_does_other_things_than_it_did_is_found_out() -> None:
    trainer = Trainer(called("Weather-v0"))
    trainer.advance(500)
    while not trainer.position:
        trainer.advance(trainer.step + 1)
    data = saved(trainer)
    assert saved(taken_up(data)) == data
    Weather.weather = 1
    try:
        with pytest.raises(TableError, match="does other things now than when this was learned"):
            taken_up(data)
    finally:
        Weather.weather = 0


def test_that_an_environment_that_is_not_here_is_one_sentence_and_its_run_is_still_read() -> None:
    trainer = Trainer(called("Weather-v0"))
    trainer.advance(100)
    data = saved(trainer)
    spec = gymnasium.registry.pop("Weather-v0")
    try:
        assert loads(data, "x").moment.step == 100
        with pytest.raises(TableError, match='"Weather-v0" cannot be played'):
            taken_up(data)
        gymnasium.register("Weather-v0", entry_point=HiddenLake)
        with pytest.raises(TableError, match="has other states or actions here than this run has"):
            taken_up(data)
    finally:
        gymnasium.registry["Weather-v0"] = spec


def test_that_an_environment_that_fails_stops_the_run_before_that_step_and_it_goes_on_as_if_nothing_had_been() -> None:
    learned = called("Frail-v0")
    never = Trainer(learned)
    never.advance(400)
    Frail.steps = 0
    trainer = Trainer(learned)
    with pytest.raises(TableError, match=r"fails after \d+ actions of the episode with seed \d+: the wire broke"):
        trainer.advance(400)
    assert 0 < trainer.step < 149  # what it would say is played as well, beside the run
    assert saved(taken_up(saved(trainer))) == saved(trainer)
    trainer.advance(400)
    assert saved(trainer) == saved(never)


def test_that_more_outcomes_than_there_is_room_for_pause_the_run_and_lose_nothing() -> None:
    class Measuring(Env):
        def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
            while True:
                yield 0, float(self.np_random.random()), False, False

    gymnasium.register("Measuring-v0", entry_point=Measuring)
    try:
        trainer = Trainer(called("Measuring-v0"), budget=20_000)
        with pytest.raises(TableError, match="different outcomes came about"):
            trainer.advance(1000)
        assert 0 < trainer.step < 50
        assert trainer.learned.visits.sum() == trainer.step
        assert loads(saved(trainer), "x").moment.step == trainer.step
    finally:
        gymnasium.registry.pop("Measuring-v0")


def test_that_one_that_takes_its_time_is_left_off_after_a_step() -> None:
    class Slow(Env):
        def play(self) -> Iterator[tuple[Any, float, bool, bool]]:
            while True:
                yield 0, 1.0, False, False
                time.sleep(0.005)

    gymnasium.register("Slow-v0", entry_point=Slow)
    try:
        trainer = Trainer(called("Slow-v0"))
        asked: list[int] = []

        def enough() -> bool:
            asked.append(trainer.step)
            return len(asked) == 5

        trainer.advance(1000, enough=enough)
        assert asked == [1, 2, 3, 4, 5]
    finally:
        gymnasium.registry.pop("Slow-v0")


def test_that_there_is_no_optimum_and_that_is_said() -> None:
    learned = called("Blackjack-v1")
    assert "no table" in oracle.unsolvable(learned)
    assert oracle.unsolvable(scenario.find("gym:FrozenLake-v1")) == oracle.unsolvable(scenario.find("taxi")) == ""
    with pytest.raises(LangrlError, match="no table"):
        oracle.solve(learned)


def test_that_an_estimate_is_the_mean_of_what_playing_earns_and_always_the_same() -> None:
    trainer = Trainer(called("OverAtLast-v0", "learner.gamma=0.9"))
    assert trainer.estimate() == (pytest.approx(sum(0.9**step for step in range(10))), pytest.approx(0), 4000)
    blackjack = Trainer(called("Blackjack-v1", "learner.gamma=1.0"))
    estimate = blackjack.estimate()
    assert estimate == Trainer(called("Blackjack-v1", "learner.gamma=1.0")).estimate()
    assert abs(estimate.error - 0.015) < 0.005
    assert Trainer(scenario.find("taxi")).estimate() is None
