"""gymnasium environments as scenarios: what a file says of one, and its transition table, which learning reads.

gymnasium itself is imported when an environment is looked up by its id, and never for a saved run, which brings its
table.
"""

import importlib
import math
import os
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from langrl_gui.core.errors import TextError
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.language import Language, Prompt
from langrl_gui.core.mdp import Mdp
from langrl_gui.core.schema import Part, as_tuple

PREFIX: Final = "gym:"
"""Before an environment's id, where a scenario is asked for."""
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

    _table: Table | None = PrivateAttr(None)
    _imports: bool = PrivateAttr(False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gym) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]

    @property
    def table(self) -> Table:
        """The transition table; it is there in every scenario that was made."""
        assert self._table is not None
        return self._table

    @property
    def imports(self) -> bool:
        """Whether somebody at the command line has named a module that is imported for it."""
        return self._imports

    def bring(self, table: Table, imports: bool = False) -> None:
        """Have this table from now on."""
        self._table, self._imports = table, imports

    def language(self) -> Language:
        """The actions as words: their numbers."""
        slots = self.table.mdp.slots
        return Language.model_construct(
            listed=tuple(map(str, range(slots))), joiner=" ", max_length=self.table.longest or 1000, context=1
        )

    def starts(self) -> tuple[Prompt, ...]:
        """The states in which episodes begin, as prompts that are drawn as often."""
        states, chances = self.table.starts.tolist(), self.table.chances.tolist()
        names = [""] if len(states) == 1 else list(map(str, states))
        return tuple(
            Prompt.model_construct(text=name, references=(), weight=chance)
            for name, chance in zip(names, chances, strict=True)
        )


def from_gymnasium(gym: Gym, imports: bool = False) -> Table:
    """The table of the environment that gymnasium makes by this id and these options.

    Parameters
    ----------
    imports : whether an id may begin with a module that is imported for it.

    Raises
    ------
    TextError
        If there is no such environment, or it is none that can be learned with a table; says why.
    """
    import gymnasium

    module, colon, name = gym.id.rpartition(":")
    if colon and not imports:
        raise TextError(tr("names a module to import, which is done for nothing that a file says; "
                           "give it on the command line, as gym:{id}", id=gym.id))  # fmt: skip
    try:
        if colon:
            importlib.import_module(module)
        options: Any = {key: list(v) if isinstance(v, tuple) else v for key, v in gym.options.items()}
        env = gymnasium.make(name, **options)
    except Exception as error:  # whatever somebody else's environment cannot do
        raise TextError(_first_line(error)) from None
    try:
        return _compiled(env.unwrapped, env.spec.max_episode_steps if env.spec else None)
    finally:
        env.close()


def painter(gym: Gym, imports: bool = False) -> Callable[[int], NDArray[np.uint8]] | None:
    """What makes the environment's own picture of a state, (height, width, 3) red, green, blue; None where it has none,
    or what draws it is not installed.

    Parameters
    ----------
    imports : as for `from_gymnasium`.
    """
    import gymnasium

    module, colon, name = gym.id.rpartition(":")
    # What draws may be SDL, which would greet on stdout, want a screen, and take the signals for itself.
    for key, value in _QUIET.items():
        os.environ.setdefault(key, value)
    try:
        if colon and not imports:
            return None
        if colon:
            importlib.import_module(module)
        options: Any = {key: list(v) if isinstance(v, tuple) else v for key, v in gym.options.items()}
        env: Any = gymnasium.make(name, render_mode="rgb_array", disable_env_checker=True, **options).unwrapped
        state, _ = env.reset(seed=0)
        if env.s != state:
            return None

        def paint(state: int) -> NDArray[np.uint8]:
            env.s, env.lastaction = state, None
            return np.asarray(env.render(), np.uint8)

        pixels = paint(int(state))
    except Exception:  # whatever somebody else's environment cannot do: there is no picture
        return None
    return paint if pixels.ndim == 3 and pixels.shape[2] == 3 else None


_QUIET: Final = {"PYGAME_HIDE_SUPPORT_PROMPT": "1", "SDL_VIDEODRIVER": "dummy", "SDL_NO_SIGNAL_HANDLERS": "1"}


def _first_line(error: Exception) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)) or type(error).__name__
    return text.splitlines()[0].rstrip(".")


def _compiled(env: Any, longest: int | None) -> Table:
    from gymnasium.spaces import Discrete, MultiDiscrete, Tuple

    states, actions = env.observation_space, env.action_space
    table, chances = getattr(env, "P", None), getattr(env, "initial_state_distrib", None)
    numbered = isinstance(states, Discrete | MultiDiscrete | Tuple) and isinstance(actions, Discrete)
    if numbered and (table is None or chances is None):
        raise TextError(
            tr("it has no table P of what follows each action and where episodes begin: it would have to be called at "
               "each step, hundreds of times slower, and no optimum could be shown beside it")
        )  # fmt: skip
    for what, space in ((tr("states"), states), (tr("actions"), actions)):
        if not isinstance(space, Discrete) or space.start != 0:
            raise TextError(
                tr("its {what} are {space}, and a table needs them numbered from 0", what=what, space=space)
            )
    count, slots = int(states.n), int(actions.n)
    if count * slots > MOST_STATES:
        raise TextError(tr("it has more than {most} states times actions", most=MOST_STATES))
    try:
        mdp = _process(table, count, slots)
        chances = np.asarray(chances, np.float64).ravel()
        starts = np.flatnonzero(chances).astype(np.int32)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise TextError(tr("its table P cannot be read: {reason}", reason=error)) from None
    if len(chances) != count or not math.isclose(chances.sum(), 1, abs_tol=_CLOSE) or (chances < 0).any():
        raise TextError(tr("the chances of its first states do not add up to 1"))
    if len(starts) > MOST_STARTS:
        raise TextError(tr("its episodes begin in more than {most} states", most=MOST_STARTS))
    _watch(env, mdp)
    return Table(mdp, starts, chances[starts], longest or 0)


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
