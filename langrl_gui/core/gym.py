"""gymnasium environments as scenarios: what a file says of one, and its transition table, which learning reads. One
without a table is asked at each step: see `gym_play`.

gymnasium itself is imported when an environment is looked up by its id, and never to read a saved run, which brings its
table, or what its states and actions are.
"""

import importlib
import math
import os
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from langrl_gui.core import i18n
from langrl_gui.core.errors import TextError
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.language import Language, Prompt
from langrl_gui.core.mdp import Mdp
from langrl_gui.core.schema import Part, as_tuple

PREFIX: Final = "gym:"
"""Before an environment's id, where a scenario is asked for."""
SLOWER: Final = N_(
    "The environment has no table of what may follow: it is asked at each step, in Python, which is thousands of times "
    "slower than a compiled run."
)
"""Said where somebody might wonder."""
MOST_STATES: Final = 1 << 22
"""States and actions together decide the size of a table; beyond this nobody waits for Python to list it."""
MOST_STARTS: Final = 10_000
TRIED_EPISODES: Final = 100
TRIED_STEPS: Final = 100
"""Episodes, and steps of each, for which an environment is watched before its table is believed: some 0.1 s."""
_CLOSE: Final = 1e-6

# Letters and digits alone: nothing in a file may be a path, or the name of something to import.
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_ +-]{0,200}$")]
_Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
_Real = Annotated[float, Field(ge=-1e9, le=1e9)]
Option = bool | _Whole | _Real | Word | Annotated[tuple[Word, ...], as_tuple]


class Table(NamedTuple):
    """An environment's transition table, and where its episodes begin."""

    mdp: Mdp
    starts: NDArray[np.int32]
    """(starts,) states, ascending."""
    chances: NDArray[np.float64]
    """(starts,) their probabilities."""
    longest: int
    """Steps after which an episode is cut off; 0: never."""


class Parts(NamedTuple):
    """What a space of discretes is made of. Its members are numbered from 0, the first part counting most."""

    sizes: tuple[int, ...]
    """Of each part, how many values it has ..."""
    firsts: tuple[int, ...]
    """... and the lowest of them."""

    @property
    def members(self) -> int:
        """How many there are."""
        return math.prod(self.sizes)

    def number(self, values: Sequence[int]) -> int:
        """The member with these values.

        Raises
        ------
        ValueError
            If there is none.
        """
        number = 0
        for value, size, first in zip(values, self.sizes, self.firsts, strict=True):
            if not 0 <= value - first < size:
                raise ValueError(value)
            number = number * size + value - first
        return number

    def values(self, number: int) -> tuple[int, ...]:
        """The values of a member."""
        values = []
        for size, first in zip(reversed(self.sizes), reversed(self.firsts), strict=True):
            number, digit = divmod(number, size)
            values.append(digit + first)
        return tuple(reversed(values))

    def name(self, number: int) -> str:
        """A member for people: its values."""
        return ",".join(map(str, self.values(number)))


class Spaces(NamedTuple):
    """What an environment without a table is, as far as that is known before it is asked."""

    states: Parts
    actions: Parts
    longest: int
    """Steps after which an episode is cut off; 0: not known."""
    first: int
    """A state in which an episode may begin."""


# In a saved run: the arrays of a table, name -> (dtype, axes). "shape" is [slots, longest].
ARRAYS: Final = {
    "shape": ("u8", 1),
    "outcomes": ("u4", 1),
    "probability": ("f8", 1),
    "successor": ("i4", 1),
    "reward": ("f8", 1),
    "starts": ("i4", 1),
    "chances": ("f8", 1),
}


def to_arrays(table: Table) -> dict[str, NDArray[Any]]:
    """The table as plain arrays, named as in ARRAYS."""
    mdp = table.mdp
    return {
        "shape": np.array([mdp.slots, table.longest], np.uint64),
        "outcomes": np.diff(mdp.first).astype(np.uint32),
        "probability": mdp.probability,
        "successor": mdp.successor,
        "reward": mdp.reward,
        "starts": table.starts,
        "chances": table.chances,
    }


def from_arrays(arrays: dict[str, NDArray[Any]]) -> Table:
    """The table that `to_arrays` made these of.

    Raises
    ------
    TextError
        If they are those of no table.
    """
    shape, outcomes, starts, chances = (arrays[name] for name in ("shape", "outcomes", "starts", "chances"))
    probability, successor, reward = (arrays[name] for name in ("probability", "successor", "reward"))
    broken = TextError(tr("its transition table contradicts itself"))
    if len(shape) != 2 or not 0 < shape[0] <= len(outcomes) <= MOST_STATES or shape[1] >= 2**31:
        raise broken
    slots, longest = map(int, shape)
    states, first = len(outcomes) // slots, np.concatenate([[0], np.cumsum(outcomes, dtype=np.int64)])
    if (
        len(outcomes) % slots
        or (outcomes == 0).any()
        or not first[-1] == len(probability) == len(successor) == len(reward)
        or not (np.isfinite(reward).all() and ((probability > 0) & (probability <= 1 + _CLOSE)).all())
        or not ((successor < states) & (successor >= -states)).all()
        or not np.allclose(np.add.reduceat(probability, first[:-1]), 1, rtol=0, atol=_CLOSE)
        or not 0 < len(starts) == len(chances) <= MOST_STARTS
        or not ((starts >= 0) & (starts < states)).all()
        or not (np.diff(starts) > 0).all()
        or not ((chances > 0).all() and math.isclose(chances.sum(), 1, abs_tol=_CLOSE))
    ):
        raise broken
    return Table(Mdp(slots, first, probability, successor, reward), starts, chances, longest)


# In a saved run: the arrays of spaces. Parts are (parts, 2), [size, first] each; "limits" is [longest, first].
SPACES: Final = {"states": ("i4", 2), "actions": ("i4", 2), "limits": ("u8", 1)}


def spaces_to_arrays(spaces: Spaces) -> dict[str, NDArray[Any]]:
    """The spaces as plain arrays, named as in SPACES."""
    parts = {name: np.array(getattr(spaces, name), np.int32).T for name in ("states", "actions")}
    return parts | {"limits": np.array([spaces.longest, spaces.first], np.uint64)}


def spaces_from_arrays(arrays: dict[str, NDArray[Any]]) -> Spaces:
    """The spaces that `spaces_to_arrays` made these of.

    Raises
    ------
    TextError
        If they are those of none.
    """
    limits = arrays["limits"].tolist()
    both = arrays["states"], arrays["actions"]
    if all(part.shape[1] == 2 and len(part) and (part[:, 0] > 0).all() for part in both) and len(limits) == 2:
        states, actions = (Parts(*map(tuple, part.T.tolist())) for part in both)
        if states.members * actions.members <= MOST_STATES and limits[0] < 2**31 and limits[1] < states.members:
            return Spaces(states, actions, *limits)
    raise TextError(tr("its states and actions contradict each other"))


class Gym(Part):
    """A gymnasium environment with numbered states and actions, in place of a language."""

    kind: Literal["gym"] = Field(title=N_("Kind"), description=N_("Where the environment comes from."))
    id: str = Field(
        title=N_("Id"),
        description=N_("The environment's name as gymnasium knows it, such as FrozenLake-v1."),
        pattern=r"^[A-Za-z0-9_.:/-]{1,200}$",
    )
    options: dict[str, Option] = Field(
        {},
        title=N_("Options"),
        description=N_("What the environment is made with, such as map_name."),
    )

    _world: Table | Spaces | None = PrivateAttr(None)
    _imports: bool = PrivateAttr(False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gym) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]

    @property
    def world(self) -> Table | Spaces:
        """The transition table, or what the states and actions are of an environment that has none; it is there in
        every scenario that was made."""
        assert self._world is not None
        return self._world

    @property
    def table(self) -> Table:
        """The transition table of an environment that has one."""
        assert isinstance(self._world, Table)
        return self._world

    @property
    def spaces(self) -> Spaces | None:
        """The states and actions of an environment without a table: it is asked at each step."""
        return self._world if isinstance(self._world, Spaces) else None

    @property
    def states(self) -> int:
        """How many there are, numbered from 0."""
        return self.table.mdp.states if self.spaces is None else self.spaces.states.members

    @property
    def is_sure(self) -> bool:
        """Whether it is known that every action has one outcome, always the same."""
        return self.spaces is None and self.table.mdp.edges == len(self.table.mdp.successor)

    @property
    def imports(self) -> bool:
        """Whether somebody at the command line has named a module that is imported for it."""
        return self._imports

    def bring(self, world: Table | Spaces, imports: bool = False) -> None:
        """Have this table, or these spaces, from now on."""
        self._world, self._imports = world, imports

    def state_name(self, state: int) -> str:
        """A state for people: its number, or the values that it is made of."""
        return str(state) if self.spaces is None else self.spaces.states.name(state)

    def state_called(self, name: str) -> int | None:
        """The state of this name, if it can be one."""
        try:
            values = [int(value) for value in re.split(r"[\s,()]+", name.strip(" ()"))]
            if self.spaces is not None:
                return self.spaces.states.number(values)
            (state,) = values
        except ValueError:
            return None
        return state if 0 <= state < self.states else None

    def language(self) -> Language:
        """The actions as words: their numbers, or the values that they are made of."""
        world, name = self.world, str if self.spaces is None else self.spaces.actions.name
        slots = world.actions.members if isinstance(world, Spaces) else world.mdp.slots
        return Language.model_construct(
            listed=tuple(map(name, range(slots))), joiner=" ", max_length=world.longest or 1000, context=1
        )

    def starts(self) -> tuple[Prompt, ...]:
        """The states in which episodes begin, as prompts that are drawn as often; one for all where they are not
        known."""
        if self.spaces is not None:
            return (Prompt.model_construct(text="", references=(), weight=1.0),)
        states, chances = self.table.starts.tolist(), self.table.chances.tolist()
        names = [""] if len(states) == 1 else list(map(str, states))
        return tuple(
            Prompt.model_construct(text=name, references=(), weight=chance)
            for name, chance in zip(names, chances, strict=True)
        )


def make(gym: Gym, imports: bool = False, **how: Any) -> Any:
    """The environment that gymnasium makes by this id and these options.

    Parameters
    ----------
    imports : whether an id may begin with a module that is imported for it.
    how : what `gymnasium.make` is told besides.

    Raises
    ------
    TextError
        If there is none.
    """
    try:
        import gymnasium
    except ImportError:
        raise TextError(tr("gymnasium is not installed; pip install gymnasium")) from None
    module, colon, name = gym.id.rpartition(":")
    if colon and not imports:
        raise TextError(tr("names a module to import, which is done for nothing that a file says; "
                           "give it on the command line, as gym:{id}, or with --import {module} before a run",
                           id=gym.id, module=module))  # fmt: skip
    try:
        if colon:
            importlib.import_module(module)
        options: Any = {key: list(v) if isinstance(v, tuple) else v for key, v in gym.options.items()}
        return gymnasium.make(name, **options, **how)
    except Exception as error:  # whatever somebody else's environment cannot do
        raise TextError(first_line(error)) from None


def from_gymnasium(gym: Gym, imports: bool = False) -> Table | Spaces:
    """The table of the environment that gymnasium makes by this id and these options, or its spaces where it has none.

    Parameters
    ----------
    imports : whether an id may begin with a module that is imported for it.

    Raises
    ------
    TextError
        If there is no such environment, or it is none that can be learned with a table; says why.
    """
    env = make(gym, imports, disable_env_checker=True)
    try:
        longest = (env.spec.max_episode_steps if env.spec else None) or 0
        if (table := _compiled(env.unwrapped, longest)) is not None:
            return table
        from langrl_gui.core import gym_play

        return gym_play.looked_at(env, longest)
    finally:
        env.close()


class Scene(NamedTuple):
    """What an environment's picture is of."""

    state: int
    seed: int = 0
    """Of one without a table: what the episode was begun with ..."""
    actions: tuple[int, ...] = ()
    """... and what was done in it, up to this state."""


class Painter(NamedTuple):
    """What makes an environment's own pictures."""

    paint: Callable[[Scene], NDArray[np.uint8]]
    """(height, width, 3) red, green, blue; raises TableError where the environment fails."""
    of_any_state: bool
    """Whether it paints whatever state there is, or just what an episode came to, which is played once more for it."""


def painter(gym: Gym, imports: bool = False) -> Painter | None:
    """What makes the environment's own pictures; None where it has none, or what draws them is not installed.

    Parameters
    ----------
    imports : as for `from_gymnasium`.
    """
    # What draws may be SDL, which would greet on stdout, want a screen, and take the signals for itself.
    for key, value in _QUIET.items():
        os.environ.setdefault(key, value)
    try:
        if gym.spaces is not None:
            from langrl_gui.core.gym_play import Play

            play = Play(gym, imports, render_mode="rgb_array")
            found, state = Painter(play.paint, False), play.begin(0)
        else:
            env = make(gym, imports, render_mode="rgb_array", disable_env_checker=True).unwrapped
            state, _ = env.reset(seed=0)
            if env.s != state:
                return None

            def paint(scene: Scene) -> NDArray[np.uint8]:
                env.s, env.lastaction = scene.state, None
                return np.asarray(env.render(), np.uint8)

            found = Painter(paint, True)
        pixels = found.paint(Scene(int(state)))
    except Exception:  # whatever somebody else's environment cannot do: there is no picture
        return None
    return found if pixels.ndim == 3 and pixels.shape[2] == 3 else None


_QUIET: Final = {"PYGAME_HIDE_SUPPORT_PROMPT": "1", "SDL_VIDEODRIVER": "dummy", "SDL_NO_SIGNAL_HANDLERS": "1"}


def first_line(error: Exception) -> str:
    """What an exception of somebody else's says, in one line."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)) or type(error).__name__
    return text.splitlines()[0].rstrip(".")


def _compiled(env: Any, longest: int) -> Table | None:
    """The table of an environment that has one."""
    from gymnasium.spaces import Discrete

    states, actions = env.observation_space, env.action_space
    table, chances = getattr(env, "P", None), getattr(env, "initial_state_distrib", None)
    numbered = all(isinstance(space, Discrete) and space.start == 0 for space in (states, actions))
    if table is None or chances is None or not numbered:
        return None
    count, slots = int(states.n), int(actions.n)
    if count * slots > MOST_STATES:
        raise TextError(tr("it has more than {most} states times actions", most=i18n.count(MOST_STATES)))
    try:
        mdp = _process(table, count, slots)
        chances = np.asarray(chances, np.float64).ravel()
        starts = np.flatnonzero(chances).astype(np.int32)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise TextError(tr("its table P cannot be read: {reason}", reason=error)) from None
    if len(chances) != count or not math.isclose(chances.sum(), 1, abs_tol=_CLOSE) or (chances < 0).any():
        raise TextError(tr("the chances of its first states do not add up to 1"))
    if len(starts) > MOST_STARTS:
        raise TextError(tr("its episodes begin in more than {most} states", most=i18n.count(MOST_STARTS)))
    _watch(env, mdp)
    return Table(mdp, starts, chances[starts], longest)


def _process(table: Any, states: int, slots: int) -> Mdp:
    """The table as arrays; outcomes of one action that are the same are one."""
    first, successors, rewards, chances = [0], [], [], []
    for state in range(states):
        for slot in range(slots):
            outcomes: dict[tuple[int, float], float] = {}
            for chance, successor, reward, ends in table[state][slot]:
                if not 0 <= successor < states or not math.isfinite(reward) or not chance >= 0:
                    raise ValueError(tr("state {state}, action {slot}", state=state, slot=slot))
                key = ~int(successor) if ends else int(successor), float(reward)
                if chance > 0:
                    outcomes[key] = outcomes.get(key, 0.0) + float(chance)
            if not math.isclose(sum(outcomes.values()), 1, abs_tol=_CLOSE):
                raise ValueError(tr("state {state}, action {slot}", state=state, slot=slot))
            for (successor, reward), chance in outcomes.items():
                successors.append(successor)
                rewards.append(reward)
                chances.append(chance)
            first.append(len(chances))
    return Mdp(slots, np.array(first), np.array(chances), np.array(successors, np.int32), np.array(rewards))


def _watch(env: Any, mdp: Mdp) -> None:
    """Believe the table only if the environment does as it says."""
    env.action_space.seed(0)
    env.reset(seed=0)
    for _ in range(TRIED_EPISODES):
        state, _ = env.reset()
        for _ in range(TRIED_STEPS):
            edge = int(state) * mdp.slots + int(env.action_space.sample())
            state, reward, ended, _, _ = env.step(edge % mdp.slots)
            outcomes = slice(mdp.first[edge], mdp.first[edge + 1])
            said = ~int(state) if ended else int(state)
            if not ((mdp.successor[outcomes] == said) & (mdp.reward[outcomes] == reward)).any():
                raise TextError(tr("it does other things than its table P says"))
            if ended:
                break
