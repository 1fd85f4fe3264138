"""An environment of gymnasium's in play: states and actions as numbers, and every episode's luck known by its seed.

Whatever somebody else's environment does wrong becomes one sentence here. Knows nothing of tables or learning.
"""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import draws, gym, i18n
from langrl_gui.core.errors import TableError, TextError
from langrl_gui.core.faults import quoted
from langrl_gui.core.gym import MOST_STATES, Gym, Parts, Scene, Spaces, first_line
from langrl_gui.core.i18n import tr

TRIED_EPISODES: Final = 20
TRIED_STEPS: Final = 100
TRIED_SECONDS: Final = 0.3
"""Episodes that are played twice before an environment is believed to be the same again: so many, of so many steps
each, or as many as there is time for."""


class Happened(NamedTuple):
    """What came of an action."""

    state: int
    reward: float
    ended: bool
    """Whether there is nothing after it."""
    cut_off: bool
    """Whether the episode is left off here, though it could go on."""


class Play:
    """An environment being played, from the beginning of an episode on.

    Attributes
    ----------
    actions : list of int
        What was done in the episode.
    state : int
        Where that has led.

    Raises
    ------
    TableError
        If there is no such environment here, or it is another one than the scenario was made of.
    """

    def __init__(self, environment: Gym, imports: bool = False, **how: Any) -> None:
        """`imports` and `how` are as for `gym.make`."""
        self._called = quoted(environment.id)
        self.actions: list[int] = []
        self.state = -1
        self._seed, self._lost = 0, False
        module, colon, _ = environment.id.rpartition(":")
        imports = imports or environment.imports or (bool(colon) and module in sys.modules)
        try:
            self._env = gym.make(environment, imports, disable_env_checker=True, **how)
            spaces = _spaces(self._env)
        except TextError as error:
            raise TableError(tr("{id} cannot be played: {reason}", id=self._called, reason=error)) from None
        assert environment.spaces is not None
        if spaces != environment.spaces[:2]:
            raise TableError(tr("{id} has other states or actions here than this run has", id=self._called))
        self._states, self._actions = spaces

    def begin(self, seed: int) -> int:
        """Begin an episode whose luck is decided by this seed; returns the state."""
        self._seed, self._lost, self.actions = seed, False, []
        try:
            self.state = self._number(self._env.reset(seed=seed)[0])
        except Exception as error:
            self._lost = True
            raise self._failure(error) from None
        return self.state

    def step(self, action: int) -> Happened:
        """Take this action.

        Raises
        ------
        TableError
            If the environment fails. The episode stands before that step then, and can be gone on with.
        """
        if self._lost:
            self.go_to(self._seed, self.actions)
        try:
            action_ = _member(self._env.action_space, self._actions.values(action))
            seen, reward, ended, cut_off, _ = self._env.step(action_)
            happened = Happened(self._number(seen), float(reward) + 0.0, bool(ended), bool(cut_off) and not ended)
            if not math.isfinite(happened.reward):
                raise ValueError(tr("a reward of {reward}", reward=happened.reward))
        except Exception as error:
            self._lost = True
            raise self._failure(error) from None
        self.actions.append(action)
        self.state = happened.state
        return happened

    def take_back(self) -> None:
        """Have the last action undone: nobody could make anything of what came of it."""
        self.actions.pop()
        self._lost = True

    def go_to(self, seed: int, actions: Sequence[int]) -> list[Happened]:
        """Play an episode from its beginning once more; returns what came of each action."""
        self.begin(seed)
        return [self.step(action) for action in list(actions)]

    def paint(self, scene: Scene) -> NDArray[np.uint8]:
        """The environment's own picture of an episode, which is played to there."""
        done = len(self.actions)
        if self._lost or self._seed != scene.seed or tuple(self.actions) != scene.actions[:done]:
            self.begin(scene.seed)
            done = 0
        for action in scene.actions[done:]:
            self.step(action)
        if self.state != scene.state:
            raise self._failure(ValueError(tr("it comes to another state than in the run")))
        try:
            return np.asarray(self._env.render(), np.uint8)
        except Exception as error:
            self._lost = True
            raise self._failure(error) from None

    def _number(self, seen: Any) -> int:
        try:
            return self._states.number(list(_values(self._env.observation_space, seen)))
        except (TypeError, ValueError):
            raise ValueError(tr("a state {state}, which is none of its own", state=seen)) from None

    def _failure(self, error: Exception) -> TableError:
        return TableError(
            tr("{id} fails after {count} actions of the episode with seed {seed}: {reason}",
               id=self._called, count=len(self.actions), seed=self._seed, reason=first_line(error))
        )  # fmt: skip


def looked_at(env: Any, longest: int) -> Spaces:
    """The spaces of an environment that has no table, after it was seen to do the same again if it is begun with the
    same seed: every moment of a run is found again by that.

    Raises
    ------
    TextError
        If it cannot be learned with a table, or does not.
    """
    spaces = _spaces(env)
    key = draws.key(0, draws.ENVIRONMENT)
    until = time.perf_counter() + TRIED_SECONDS

    def play(episode: int) -> Iterator[tuple[Any, ...]]:
        seen, _ = env.reset(seed=seed_of(key, episode))
        yield (tuple(_values(env.observation_space, seen)),)
        for position in range(TRIED_STEPS):
            action = draws.below(draws.draw(key, episode, 1 + position), spaces[1].members)
            seen, *came, _ = env.step(_member(env.action_space, spaces[1].values(action)))
            yield tuple(_values(env.observation_space, seen)), *map(float, came)
            if came[1] or came[2]:
                break

    first = -1
    try:
        for episode in range(TRIED_EPISODES):
            one, other = list(play(episode)), list(play(episode))
            if one != other:
                raise TextError(
                    tr("it does not do the same again when it is begun with the same seed and given the same actions, "
                       "so that nothing that was learned could be gone back to or checked")
                )  # fmt: skip
            first = spaces[0].number(one[0][0]) if first < 0 else first
            if time.perf_counter() > until:
                break
    except TextError:
        raise
    except Exception as error:  # whatever somebody else's environment cannot do
        raise TextError(first_line(error)) from None
    return Spaces(*spaces, longest, first)


def seed_of(key: int, episode: int) -> int:
    """What an environment is begun with for this episode: 31 bits, which every random generator takes."""
    return draws.draw(key, episode, 0) >> 33


def _spaces(env: Any) -> tuple[Parts, Parts]:
    """What the states and the actions are made of.

    Raises
    ------
    TextError
        If they are not discrete, or too many.
    """
    found = []
    for what, space in ((tr("states"), env.observation_space), (tr("actions"), env.action_space)):
        if (parts := _parts_of(space)) is None:
            raise TextError(tr("its {what} are {space}, and a table needs them to be discrete", what=what, space=space))
        found.append(parts)
    if found[0].members * found[1].members > MOST_STATES:
        raise TextError(tr("it has more than {most} states times actions", most=i18n.count(MOST_STATES)))
    return found[0], found[1]


def _parts_of(space: Any) -> Parts | None:
    """What a space is made of; None where that is not discrete."""
    parts = list(_parts(space))
    known = [part for part in parts if part is not None and abs(part[1]) < 2**31]
    if not parts or len(known) < len(parts):
        return None
    sizes, firsts = zip(*known, strict=True)
    return Parts(sizes, firsts)


def _parts(space: Any) -> Iterator[tuple[int, int] | None]:
    """(size, lowest value) of each discrete that a space is made of; None for what is none."""
    from gymnasium.spaces import Discrete, MultiBinary, MultiDiscrete, Tuple

    match space:
        case Discrete():
            yield int(space.n), int(space.start)
        case MultiDiscrete():
            yield from zip(space.nvec.ravel().tolist(), space.start.ravel().tolist(), strict=True)
        case MultiBinary():
            yield from [(2, 0)] * int(np.prod(space.shape))
        case Tuple():
            for part in space.spaces:
                yield from _parts(part)
        case _:
            yield None


def _values(space: Any, member: Any) -> Iterator[int]:
    """The values of a member, in the order of `_parts`."""
    if hasattr(space, "spaces"):
        for part, value in zip(space.spaces, member, strict=True):
            yield from _values(part, value)
    elif space.shape:
        yield from map(int, np.asarray(member).ravel())
    else:
        yield int(member)


def _member(space: Any, values: Sequence[int]) -> Any:
    """The member of a space with these values."""
    rest = iter(values)

    def made(space: Any) -> Any:
        if hasattr(space, "spaces"):
            return tuple(made(part) for part in space.spaces)
        if space.shape:
            flat = [next(rest) for _ in range(int(np.prod(space.shape)))]
            return np.array(flat, space.dtype).reshape(space.shape)
        return next(rest)

    return made(space)
