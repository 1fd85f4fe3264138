"""Finite Markov decision processes as arrays: an action leads to one of several outcomes; and their exact solution.

Howard's policy iteration with linear equations; value iteration beside it, so that one can be held against the other.
Knows numpy, compiled sweeps for what is large, and nothing of scenarios, tables or learning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import kernels
from langrl_gui.core.errors import TableError
from langrl_gui.core.i18n import tr

Floats = NDArray[np.float64]
Method = Literal["policy-iteration", "value-iteration"]

DENSE: Final = 200
"""States up to which equations are solved by elimination, in a time like the cube of their number: a millisecond."""
COMPILED: Final = 100_000
"""Outcomes from which on sweeps are compiled: for fewer numpy takes less time than the compiler takes to wake up."""
MOST_IMPROVEMENTS: Final = 10_000
"""Improvements of a policy after which something must be wrong: a dozen are usual (Puterman 2005, section 6.4)."""
FIRST_SWEEPS: Final = 30
"""Most improvements of a policy that are made before equations are solved: each costs less than the one it spares."""
MORE_STEPS: Final = 3
"""By so many more steps each of those policies is followed ahead: the better they become, the more that is worth."""
MOST_SWEEPS: Final = 1_000_000
"""Sweeps of value iteration after which it gives up: enough for gamma up to 0.99997."""
PRECISION: Final = 1e-13
"""Error of value iteration, relative to the largest value, where rounding lets it become so small."""
_PATIENCE: Final = 1 - 1e-7
"""A gamma with so long a view that what is gained in a step, in the mean, decides; and that can be solved exactly."""
_CLEAR: Final = 1e-5
"""Of the largest reward: a mean that is no rounding, and not what comes before the long run."""
_EPSILON: Final = float(np.finfo(np.float64).eps)
STAY: Final = -1
"""In a policy with gamma 1: going round for ever where nothing is earned, which is worth 0."""


@dataclass(frozen=True, eq=False)
class Mdp:
    """A finite Markov decision process.

    Attributes
    ----------
    slots : int
        Actions, in every state alike.
    first : (states * slots + 1,) int64
        The outcomes of (state, action) = edge `state * slots + action` are `first[edge]` up to `first[edge + 1]`.
    probability : (outcomes,) float64
        Greater than 0, and 1 in all for each edge, but for rounding.
    successor : (outcomes,) int32
        The next state; where the episode ends in state s, `~s`, which is negative.
    reward : (outcomes,) float64
    """

    slots: int
    first: NDArray[np.int64]
    probability: Floats
    successor: NDArray[np.int32]
    reward: Floats

    @property
    def edges(self) -> int:
        """State-action pairs."""
        return len(self.first) - 1

    @property
    def states(self) -> int:
        """States, numbered from 0."""
        return self.edges // self.slots

    @cached_property
    def edge_of(self) -> NDArray[np.intp]:
        """(outcomes,) the edge of each outcome."""
        return np.repeat(np.arange(self.edges), np.diff(self.first))

    @cached_property
    def goes_on(self) -> NDArray[np.bool_]:
        """(outcomes,) whether the episode goes on."""
        return self.successor >= 0

    @cached_property
    def expected_reward(self) -> Floats:
        """(edges,) the reward that an action gives in the mean."""
        return self._over_outcomes(self.probability * self.reward)

    @cached_property
    def _discounted(self) -> tuple[NDArray[np.intp], Floats]:
        """(outcomes,) where to look for what follows, and how much that counts: not at all where the episode ends."""
        return np.where(self.goes_on, self.successor, 0).astype(np.intp), np.where(self.goes_on, self.probability, 0.0)

    def q(self, values: Floats, gamma: float) -> Floats:
        """(states, slots) what every action is worth if the states that follow are worth `values`."""
        follows, chance = self._discounted
        if np.isfinite(values).all():
            future = chance * values[follows]
        else:  # nothing times infinity is not nothing
            future = np.where(chance > 0, chance * np.where(chance > 0, values[follows], 0.0), 0.0)
        future = self._over_outcomes(future)
        future *= gamma
        future += self.expected_reward
        return future.reshape(-1, self.slots)

    def improve(self, values: Floats, gamma: float) -> tuple[Floats, NDArray[np.intp]]:
        """(states,) what the best action is worth if the states that follow are worth `values`, which are finite, and
        that action; of equals the lowest."""
        if len(self.probability) < COMPILED:
            q = self.q(values, gamma)
            return q.max(axis=1), q.argmax(axis=1)
        improved, policy = np.empty(self.states), np.empty(self.states, np.intp)
        kernels.load_sweeps().improve(
            self.first, self.successor, self.probability, self.expected_reward, np.uint64(self.slots), gamma,
            values, improved, policy,
        )  # fmt: skip
        return improved, policy

    def _over_outcomes(self, amounts: Floats) -> Floats:
        """(edges,) the sum of (outcomes,) amounts over each edge's outcomes."""
        each = len(amounts) // self.edges
        if len(amounts) == each * self.edges and (np.diff(self.first) == each).all():
            total = amounts[0::each]
            for outcome in range(1, each):  # several times as fast as what follows
                total = total + amounts[outcome::each]
            return total
        return np.asarray(np.add.reduceat(amounts, self.first[:-1]), np.float64)


class Solved(NamedTuple):
    """The optimum of a process."""

    method: Method
    values: Floats
    """(states,) V*; -inf where with gamma 1 every policy loses without end."""
    policy: NDArray[np.intp]
    """(states,) a best action, of several that with the lowest number; STAY where doing nothing for ever is best."""
    residual: float
    """max |TV - V|, recomputed, over the states whose value is finite."""


def solve(
    mdp: Mdp, gamma: float, method: Method = "policy-iteration", report: Callable[[float], object] = lambda done: None
) -> Solved:
    """The optimal values and a best policy.

    Parameters
    ----------
    method : "policy-iteration" (Howard 1960; Puterman 2005, section 6.4) for any gamma; "value-iteration" (Bellman
        1957) for gamma below 1.
    report : is told the fraction done, as well as that can be known.

    Raises
    ------
    TableError
        With gamma 1, if some values are infinite or do not exist; if a million sweeps were not enough.
    """
    if method == "value-iteration":
        values = _value_iteration(mdp, gamma, report)
        policy = mdp.improve(values, gamma)[1]
    elif gamma < 1:
        values, policy = _policy_iteration(mdp, gamma, _approach(mdp, gamma), np.zeros(mdp.states, bool), report)
    else:
        values, policy = _undiscounted(mdp, report)
    best, _ = mdp.improve(values, gamma)
    best[policy == STAY] = 0.0
    finite = np.isfinite(values)
    return Solved(method, values, policy, float(np.abs(best[finite] - values[finite]).max(initial=0.0)))


def evaluate(mdp: Mdp, policy: NDArray[np.integer] | Floats, gamma: float) -> Floats:
    """(states,) the exact value of a policy, by linear equations (Sutton & Barto 2018, eq. 4.4).

    Parameters
    ----------
    policy : (states,) an action for each state, or STAY; or (states, slots) the probability of each action.

    With gamma 1 the value is -inf where the episode may go round for ever and lose each time, +inf where it may do so
    and gain; NaN where neither can be said.
    """
    chain = _chain(mdp, np.asarray(policy))
    return _linear(chain, gamma) if gamma < 1 else _without_discount(chain)


def _without_discount(chain: "_Chain") -> Floats:
    states = len(chain.reward)
    values = np.zeros(states)
    at_rest = _closed(states, chain.reward == 0, chain.source, chain.target)
    ends = chain.ends | at_rest
    never = ~_can_reach(states, ends, chain.source, chain.target)
    values[never] = _round_and_round(chain, never)
    may = _can_reach(states, never, chain.source, chain.target)
    for infinite in (-np.inf, np.inf, np.nan):  # what may gain and may lose without end has no value: NaN comes last
        bad = never & (np.isnan(values) if np.isnan(infinite) else values == infinite)
        reaches = _can_reach(states, bad, chain.source, chain.target)
        mixed = reaches & ~np.isfinite(values) & (values != infinite)
        values[reaches] = infinite
        values[mixed] = np.nan
    inside = ~may & ~at_rest
    values[inside] = _linear(chain.within(inside), 1.0)
    return values


# -- policies ---------------------------------------------------------------------------------------------------------


class _Approach(NamedTuple):
    """What a policy iteration begins with."""

    policy: NDArray[np.intp]
    values: Floats
    """Near the policy's."""
    enough: float
    """How exactly that policy is worth evaluating."""


def _approach(mdp: Mdp, gamma: float) -> _Approach:
    """By modified policy iteration (Puterman 2005, section 6.5) with values that are shifted to where they tend to
    (section 6.6): until hardly an action changes any more, and states that mix slowly are better solved for."""
    values, policy = np.zeros(mdp.states), np.full(mdp.states, STAY)
    spread, steps = np.inf, 0
    for _ in range(FIRST_SWEEPS):
        before, spread_before = policy, spread
        improved, policy = mdp.improve(values, gamma)
        moved = improved - values
        least, most = float(moved.min()), float(moved.max())
        spread = most - least
        values = improved + (least + most) / 2 * gamma / (1 - gamma)
        changed = np.count_nonzero(before != policy) / mdp.states
        settled = spread <= 16 * _EPSILON * float(np.abs(values).max())
        if settled or (changed <= _HARDLY and spread > _QUICKLY * spread_before):
            break
        if changed <= _LITTLE:
            steps += MORE_STEPS
            chain = _chain(mdp, policy)
            for _ in range(steps):
                values = chain.reward + gamma * chain.ahead(values)
    return _Approach(policy, values, _INEXACT * spread)


_LITTLE: Final = 0.2
"""Of the states: where more change their action, the policy is not worth following yet."""
_HARDLY: Final = 1e-3
"""Of the states: so few change their action when a policy is nearly the best."""
_QUICKLY: Final = 0.2
"""What is left of the states' disagreement after an improvement, where going on is quicker than solving."""


def _policy_iteration(
    mdp: Mdp,
    gamma: float,
    begin: _Approach,
    may_stay: NDArray[np.bool_],
    report: Callable[[float], object],
    inside: NDArray[np.bool_] | None = None,
) -> tuple[Floats, NDArray[np.intp]]:
    """Improve a policy until nothing is left to improve; with gamma 1 only among the states `inside`, where it ends."""
    policy, values, enough = begin
    tiny = _INEXACT * 1e-6 * float(np.abs(mdp.reward).max(initial=0.0))
    for improvement in range(MOST_IMPROVEMENTS):
        report(1 - 0.8**improvement)
        chain = _chain(mdp, policy)
        enough = 0.0 if enough < tiny else enough
        if inside is None:
            values = _linear(chain, gamma, guess=values, enough=enough)
        else:
            values = _without_discount(chain)
            values[~inside] = -np.inf
            if not np.isfinite(values[inside]).all():
                raise TableError(tr("with gamma 1 going round in circles pays without end; use a gamma below 1"))
        highest, best = mdp.improve(values, gamma)
        now = chain.reward + gamma * chain.ahead(values)
        stays = may_stay & (highest <= 0.0)
        best[stays], highest[stays] = STAY, 0.0
        if inside is not None:
            highest[~inside] = now[~inside] = 0.0
        scale = np.abs(values[np.isfinite(values)]).max(initial=0.0) + np.abs(mdp.reward).max(initial=0.0)
        gain = highest - now
        better = gain > max(2 * enough, 8 * _EPSILON * scale)  # or rounding might swing between equals for ever
        if better.any():
            policy = np.where(better, best, policy)
            enough = min(enough, _INEXACT * float(gain.max()))
        elif enough == 0.0:
            # Of actions that are equally good to the last bit, the lowest: no history may decide which one is shown.
            return values, policy if inside is not None else best
        else:
            enough *= _INEXACT
    raise TableError(tr("the policy still changes after {count} improvements; lower gamma", count=MOST_IMPROVEMENTS))


_INEXACT: Final = 0.01
"""A policy that will be improved anyhow is evaluated to this part of what the last improvement gained."""


def _undiscounted(mdp: Mdp, report: Callable[[float], object]) -> tuple[Floats, NDArray[np.intp]]:
    """With gamma 1: the best of the policies that surely end, or come to rest where nothing is earned any more.

    One that improves on such a policy ends again, or goes round in a circle that gains (Bertsekas & Tsitsiklis 1991,
    proposition 1), so policy iteration needs only to begin with one. Elsewhere no policy ends.
    """
    for_nothing = (mdp.expected_reward == 0) & (np.bincount(mdp.edge_of, ~mdp.goes_on, mdp.edges) == 0)
    rests = _staying(mdp, np.ones(mdp.states, bool), for_nothing)
    inside, policy = _surely_ending(mdp, rests)
    if (mdp.expected_reward.reshape(-1, mdp.slots)[~inside] > 0).any() and not _loses(mdp, ~inside):
        raise TableError(tr("with gamma 1 a state from which no episode ends has no value; use a gamma below 1"))
    return _policy_iteration(mdp, 1.0, _Approach(policy, np.zeros(mdp.states), 0.0), rests, report, inside)


def _loses(mdp: Mdp, states: NDArray[np.bool_]) -> bool:
    """Whether in all of these states, from which no policy ends, every policy loses in the long run."""
    mean = (1 - _PATIENCE) * solve(mdp, _PATIENCE).values[states]
    return bool((mean < -_CLEAR * np.abs(mdp.reward).max()).all())


def _staying(mdp: Mdp, states: NDArray[np.bool_], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part of `states` in which one can stay for ever by `usable` edges."""
    while True:
        leaves = mdp.goes_on & ~states[np.where(mdp.goes_on, mdp.successor, 0)]
        stays = usable & (np.bincount(mdp.edge_of, leaves, mdp.edges) == 0)
        fewer = states & stays.reshape(-1, mdp.slots).any(axis=1)
        if (fewer == states).all():
            return states
        states = np.asarray(fewer)


def _surely_ending(mdp: Mdp, rests: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The states from which some policy ends, or comes to rest, with probability 1, and such a policy."""
    inside = np.ones(mdp.states, bool)
    follows = np.where(mdp.goes_on, mdp.successor, 0)
    while True:
        safe = np.bincount(mdp.edge_of, mdp.goes_on & ~inside[follows], mdp.edges) == 0
        policy = np.where(rests, STAY, 0)
        reached = rests & inside
        while True:
            nearer = ~mdp.goes_on | reached[follows]
            works = (safe & (np.bincount(mdp.edge_of, nearer, mdp.edges) > 0)).reshape(-1, mdp.slots)
            new = inside & ~reached & works.any(axis=1)
            if not new.any():
                break
            policy[new] = works[new].argmax(axis=1)
            reached = reached | new
        if (reached == inside).all():
            return inside, policy
        inside = reached


def _value_iteration(mdp: Mdp, gamma: float, report: Callable[[float], object]) -> Floats:
    values = np.zeros(mdp.states)
    least, when = np.inf, 0
    for sweep in range(MOST_SWEEPS):
        report(sweep * (1 - gamma) / 30)  # gamma ** (30 / (1 - gamma)) is about PRECISION
        before, values = values, mdp.improve(values, gamma)[0]
        change = np.abs(values - before).max(initial=0.0)
        if change < least:
            least, when = change, sweep
        # Where the change should have become twenty times smaller, and has not, rounding goes round in a circle.
        at_its_best = (sweep - when) * (1 - gamma) > 3
        if at_its_best or change <= PRECISION * (1 - gamma) * np.abs(values).max(initial=0.0):
            return np.asarray(values)
    raise TableError(tr("the values still change after {sweeps} sweeps; lower gamma", sweeps=MOST_SWEEPS))


# -- a policy's chain -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Chain:
    """What a policy makes of a process: a chain of states."""

    reward: Floats
    """(states,) in the mean."""
    ends: NDArray[np.bool_]
    """(states,) whether the episode may end here."""
    source: NDArray[np.intp]
    """(transitions,) ascending."""
    target: NDArray[np.int32]
    chance: Floats
    """(transitions,) of each transition that has any."""

    @cached_property
    def _first(self) -> NDArray[np.intp]:
        return np.concatenate([[0], np.cumsum(np.bincount(self.source, minlength=len(self.reward)))])

    def ahead(self, values: Floats) -> Floats:
        """(states,) what comes next, in the mean; 0 where the episode ends."""
        if len(self.chance) < COMPILED:
            return np.asarray(np.bincount(self.source, self.chance * values[self.target], len(values)), np.float64)
        expected = np.empty(len(values))
        kernels.load_sweeps().ahead(self._first, self.target, self.chance, values, expected)
        return expected

    def within(self, inside: NDArray[np.bool_]) -> "_Chain":
        """The chain of these states alone; it ends where it would leave them."""
        numbers, stays = np.cumsum(inside, dtype=np.int32) - np.int32(1), inside[self.source] & inside[self.target]
        return _Chain(
            self.reward[inside], self.ends[inside], numbers[self.source[stays]], numbers[self.target[stays]],
            self.chance[stays],
        )  # fmt: skip


def _chain(mdp: Mdp, policy: NDArray[np.integer] | Floats) -> _Chain:
    states = mdp.states
    if policy.ndim == 1:
        acting = np.flatnonzero(policy != STAY)
        edges = acting * mdp.slots + policy[acting]
        counts = mdp.first[edges + 1] - mdp.first[edges]
        ends = np.cumsum(counts)
        outcomes = np.arange(ends[-1] if len(ends) else 0) + np.repeat(mdp.first[edges] - ends + counts, counts)
        source = np.repeat(acting, counts)
        chance = mdp.probability[outcomes]
        reward = np.zeros(states)
        reward[acting] = mdp.expected_reward[edges]
    else:
        weight = policy.ravel()[mdp.edge_of]
        outcomes = np.flatnonzero(weight > 0)
        source = mdp.edge_of[outcomes] // mdp.slots
        chance = mdp.probability[outcomes] * weight[outcomes]
        reward = np.asarray(np.bincount(source, chance * mdp.reward[outcomes], states), np.float64)
    target = mdp.successor[outcomes]
    ends = target < 0
    if not ends.any():
        return _Chain(reward, np.zeros(states, bool), source, target, chance)
    may_end = np.bincount(source[ends], minlength=states) > 0
    return _Chain(reward, may_end, source[~ends], target[~ends], chance[~ends])


def _linear(chain: _Chain, gamma: float, guess: Floats | None = None, enough: float = 0.0) -> Floats:
    """V = reward + gamma * P V.

    Where there are many states it is approached from `guess` until the equations hold to `enough`, or as well as they
    can.
    """
    reward, source, target, chance = chain.reward, chain.source, chain.target, chain.chance * gamma
    count = len(reward)
    if count <= DENSE:
        matrix = np.eye(count)
        np.subtract.at(matrix, (source, target), chance)
        return np.asarray(np.linalg.solve(matrix, reward), np.float64)
    if (source[1:] != source[:-1]).all():
        return _doubled(reward, source, target, chance)
    return _iterated(lambda values: gamma * chain.ahead(values), reward, reward if guess is None else guess, enough)


def _doubled(reward: Floats, source: NDArray[np.intp], target: NDArray[np.int32], chance: Floats) -> Floats:
    """V where at most one state follows each: 1, 2, 4, 8 ... steps ahead, until what is left counts for nothing."""
    count = len(reward)
    values, follows, counts = reward.copy(), np.arange(count), np.zeros(count)
    follows[source], counts[source] = target, chance
    while (counts > 0).any():
        values += counts * values[follows]
        counts, follows = counts * counts[follows], follows[follows]
    return values


def _dot(one: Floats, other: Floats) -> float:
    """Their scalar product, on one thread: several would wait for each other on a machine that is busy."""
    return float(np.einsum("i,i", one, other))


def _iterated(step: Callable[[Floats], Floats], reward: Floats, values: Floats, enough: float) -> Floats:
    """V = reward + step(V) by stabilised biconjugate gradients (van der Vorst 1992), or plain steps where they fail."""
    largest = np.abs(reward).max(initial=0.0)
    rest = reward + step(values) - values
    shadow, direction, fit = rest, rest, _dot(rest, rest)
    for _ in range(_GRADIENT_STEPS):
        image = direction - step(direction)
        along = _dot(shadow, image)
        if fit == 0.0 or along == 0.0:
            break
        length = fit / along
        half = rest - length * image
        second = half - step(half)
        weight = _dot(second, second)
        turn = _dot(second, half) / weight if weight else 0.0
        values = values + length * direction + turn * half
        rest = half - turn * second
        if turn == 0.0 or not np.abs(rest).max() > max(enough / 2, 4 * _EPSILON * (largest + np.abs(values).max())):
            break
        fit, before = _dot(shadow, rest), fit
        direction = rest + (fit / before) * (length / turn) * (direction - turn * image)
    if not np.isfinite(values).all():
        values = reward
    for _ in range(MOST_SWEEPS):  # mostly a few: `rest` has drifted a little from what it stands for
        before_step, values = values, reward + step(values)
        if np.abs(values - before_step).max() <= max(enough, 16 * _EPSILON * (largest + np.abs(values).max())):
            return np.asarray(values)
    raise TableError(tr("the values still change after {sweeps} sweeps; lower gamma", sweeps=MOST_SWEEPS))


_GRADIENT_STEPS: Final = 300


def _closed(
    states: int, among: NDArray[np.bool_], source: NDArray[np.intp], target: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """The states that never leave `among`; the episode does not end there either, if only it cannot end in `among`."""
    return ~_can_reach(states, ~among, source, target)


def _can_reach(
    states: int, goal: NDArray[np.bool_], source: NDArray[np.intp], target: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """(states,) whether some path leads into `goal`: breadth first, backward, each transition looked at once."""
    order = np.argsort(target, kind="stable")
    before = source[order]
    first = np.searchsorted(target[order], np.arange(states + 1))
    reached, front = goal.copy(), np.flatnonzero(goal)
    while len(front):
        counts = first[front + 1] - first[front]
        ends = np.cumsum(counts)
        places = np.arange(ends[-1]) + np.repeat(first[front] - ends + counts, counts)
        found = np.unique(before[places])
        front = found[~reached[found]]
        reached[front] = True
    return reached


def _round_and_round(chain: _Chain, never: NDArray[np.bool_]) -> Floats:
    """(never,) the values, infinite or none, of states from which the episode goes on for ever and earns."""
    reward = chain.reward[never]
    if (reward <= 0).all():
        return np.full(len(reward), -np.inf)
    if (reward >= 0).all():
        return np.full(len(reward), np.inf)
    mean = (1 - _PATIENCE) * _linear(chain.within(never), _PATIENCE)
    clear = np.abs(mean) > _CLEAR * np.abs(reward).max()
    return np.where(clear, np.where(mean > 0, np.inf, -np.inf), np.nan)
