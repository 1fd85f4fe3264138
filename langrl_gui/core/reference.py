"""The training loop in plain Python: to be read, and to be tested against. Equal to `kernels.loop` to the last bit.

Written on its own, from the rules of one step, with Python's integers and floats only; some thousand times slower. The
only one that can ask an environment what comes about, where that has no table.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from langrl_gui.core import arrays, draws
from langrl_gui.core.arrays import Histories, Progress, Rules, World
from langrl_gui.core.gym_tables import SteppedTables
from langrl_gui.core.samples import look_after
from langrl_gui.core.tables import END, UNTRACED


class QLearning:
    """One step of Watkins' q-learning (Sutton & Barto 2018, eq. 6.8); the maximum is searched, not kept."""

    @staticmethod
    def greedy(world: World, learned: Any, node: int, slots: int) -> int:
        """The offered slot with the largest value; of equals the lowest."""
        first = int(world.row[node]) * slots
        offered = _offered(world, node, slots)
        values = [float(learned.q[first + slot]) for slot in offered]
        return offered[values.index(max(values))]

    @staticmethod
    def learn(
        world: World,
        learned: Any,
        node: int,
        slot: int,
        slots: int,
        reward: float,
        following: int,
        alpha: float,
        gamma: float,
    ) -> tuple[float, float, float]:
        """Move a value towards its target; `following` is the next node, or END. Returns the old value, what the next
        row is worth, and the TD error."""
        cell = int(world.row[node]) * slots + slot
        old = float(learned.q[cell])
        target, future = reward, 0.0
        if following != END:
            best = QLearning.greedy(world, learned, following, slots)
            future = float(learned.q[int(world.row[following]) * slots + best])
            target = reward + gamma * future
        td_error = target - old
        new = old + alpha * td_error
        learned.q[cell] = new
        if new != old:
            learned.change[cell] = new - old
        learned.visits[cell] += 1
        learned.best[world.row[node]] = QLearning.greedy(world, learned, node, slots)
        return old, future, td_error


def _offered(world: World, node: int, slots: int) -> list[int]:
    offer = int(world.offer[node])
    return [int(slot) for slot in world.offer_slots[offer * slots : offer * slots + int(world.offer_count[offer])]]


LEARNERS = {"q-learning": QLearning}


def loop(learner: str, stepped: SteppedTables | None = None) -> Callable[[World, Any, Progress, Rules], int]:
    """The loop for the learner of this name, called like a compiled one. Where an environment is `stepped`, it is asked
    for each outcome, and there is no value of the greedy policy."""
    method = LEARNERS[learner]

    def run(world: World, learned: Any, progress: Progress, rules: Rules) -> int:
        return _run(method, world, learned, progress, rules, stepped)

    return run


def _run(
    method: type[QLearning],
    world: World,
    learned: Any,
    progress: Progress,
    rules: Rules,
    stepped: SteppedTables | None,
) -> int:
    slots, alpha, gamma = int(rules.slots), float(rules.alpha), float(rules.gamma)
    counters, amounts, histories = progress.counters, progress.amounts, progress.histories
    while True:
        step, episode, position = (int(counters[i]) for i in (arrays.STEP, arrays.EPISODE, arrays.POSITION))
        shift = int(counters[arrays.BIN_SHIFT])
        if position == 0:
            if stepped is not None and counters[arrays.NODE] == END:
                counters[arrays.NODE] = stepped.begin(episode)
            if _bin_is_due(histories, episode, shift):
                if rules.values_wanted:
                    return arrays.VALUES_WANTED
                if stepped is None:
                    value, shares, missing = _value_greedy_policy(method, world, learned, progress, rules)
                    if missing is not None:
                        counters[arrays.MISSING] = missing
                        return arrays.EDGE_MISSING
                    histories.greedy_value[(episode >> shift) - 1] = value
                    histories.greedy_shares[(episode >> shift) - 1] = shares
                if episode >> shift == arrays.BINS:
                    _widen_bins(histories)
                    counters[arrays.BIN_SHIFT] = shift = shift + 1
            if episode >= int(counters[arrays.LOOK]):
                if not _says_the_same(method, world, learned, rules):
                    return arrays.LOOK_DUE
                counters[arrays.LOOK] = look_after(episode)
            if episode >= int(rules.episode_limit):
                return arrays.EPISODES_DONE
        if step >= int(rules.step_limit):
            return arrays.STEPS_DONE

        node = int(counters[arrays.NODE])
        row = int(world.row[node])
        if draws.draw(int(rules.explore_key), episode, position) >> 11 < int(rules.explore_threshold):
            offered = _offered(world, node, slots)
            slot = offered[draws.below(draws.draw(int(rules.slot_key), episode, position), len(offered))]
        else:
            slot = method.greedy(world, learned, node, slots)
        emitted = slot
        if draws.draw(int(rules.slip_key), episode, position) >> 11 < int(rules.slip_threshold):
            offered = _offered(world, node, slots)
            emitted = offered[draws.below(draws.draw(int(rules.slipped_key), episode, position), len(offered))]
        edge = node * slots + emitted
        cut_off = False
        if stepped is not None:
            edge, cut_off = stepped.step(edge)
            target, reward = int(stepped.successor[edge]), float(stepped.reward[edge])
        else:
            if len(world.first_outcome):
                bits = draws.draw(int(rules.outcome_key), episode, position) >> 11
                outcomes = range(int(world.first_outcome[edge]), int(world.first_outcome[edge + 1]))
                edge = next(outcome for outcome in outcomes if bits < int(world.outcome_thresholds[outcome]))
                cut_off = position + 1 == int(rules.longest)
            target = int(world.successor[edge])
            if target == UNTRACED:
                counters[arrays.MISSING] = edge
                return arrays.EDGE_MISSING
            reward = float(world.reward[edge])
        old, future, td_error = method.learn(world, learned, node, slot, slots, reward, target, alpha, gamma)
        if row == int(rules.watched_row):
            progress.watch.which[:] = step + 1, edge, row * slots + slot
            progress.watch.amounts[:] = reward, old, future, alpha, gamma

        progress.tape[step % len(progress.tape)] = edge
        if len(progress.chosen):
            progress.chosen[step % len(progress.tape)] = slot
        amounts[arrays.LAST_Q], amounts[arrays.LAST_TD_ERROR] = old, td_error
        amounts[arrays.RETURN] = float(amounts[arrays.RETURN]) + reward
        amounts[arrays.SURPRISE] = float(amounts[arrays.SURPRISE]) + abs(td_error)
        counters[arrays.STEP], counters[arrays.POSITION], counters[arrays.NODE] = step + 1, position + 1, target
        if target == END or cut_off:
            _end_episode(world, progress, rules, episode >> shift)
            if stepped is not None:
                counters[arrays.NODE] = END  # the next one is about to begin


def _end_episode(world: World, progress: Progress, rules: Rules, place: int) -> None:
    counters, amounts, histories = progress.counters, progress.amounts, progress.histories
    total = float(amounts[arrays.RETURN])
    histories.return_sum[place] = float(histories.return_sum[place]) + total
    histories.return_min[place] = min(float(histories.return_min[place]), total)
    histories.return_max[place] = max(float(histories.return_max[place]), total)
    histories.surprise[place] = float(histories.surprise[place]) + float(amounts[arrays.SURPRISE])
    histories.steps[place] += counters[arrays.POSITION]
    amounts[arrays.RETURN] = amounts[arrays.SURPRISE] = 0.0
    counters[arrays.POSITION] = 0
    counters[arrays.EPISODE] += 1
    bits = draws.draw(int(rules.prompt_key), int(counters[arrays.EPISODE]), 0) >> 11
    prompt = next(i for i, threshold in enumerate(world.prompt_thresholds.tolist()) if bits < threshold)
    counters[arrays.PROMPT], counters[arrays.NODE] = prompt, world.starts[prompt]


def _says_the_same(method: type[QLearning], world: World, learned: Any, rules: Rules) -> bool:
    said = list(zip(rules.said_nodes.tolist(), rules.said_slots.tolist(), strict=True))
    return bool(said) and all(method.greedy(world, learned, node, int(rules.slots)) == slot for node, slot in said)


def _bin_is_due(histories: Histories, episode: int, shift: int) -> bool:
    return episode > 0 and episode % (1 << shift) == 0 and math.isnan(histories.greedy_value[(episode >> shift) - 1])


def _value_greedy_policy(
    method: type[QLearning], world: World, learned: Any, progress: Progress, rules: Rules
) -> tuple[float, list[float], int | None]:
    slots, gamma = int(rules.slots), float(rules.gamma)
    if len(world.first_outcome):
        expected = _settle_values(method, world, learned, slots, gamma)
    else:
        order = progress.order.tolist()
        expected = _expect_greedy_policy(method, world, learned, order, slots, gamma, float(rules.slip))
    mean, shares = 0.0, [0.0] * len(world.potentials)
    for prompt, start in enumerate(world.starts.tolist()):
        rewards, node = [], start
        while node != END and not len(world.first_outcome):
            edge = node * slots + method.greedy(world, learned, node, slots)
            node = int(world.successor[edge])
            if node == UNTRACED:
                return math.nan, shares, edge
            rewards.append(float(world.reward[edge]))
            for term, share in enumerate(_shares(world, rules, edge)):
                shares[term] += float(progress.prompt_weights[prompt]) * share
        value = 0.0
        for reward in reversed(rewards):
            value = reward + gamma * value
        if expected:
            value = expected[start]
        mean += float(progress.prompt_weights[prompt]) * value
    return mean, shares, None


def _shares(world: World, rules: Rules, edge: int) -> list[float]:
    amounts = world.amounts[world.share[edge]].tolist()
    shares = []
    for term, column in enumerate(world.potentials.tolist()):
        shaping = float(rules.gamma) * amounts[column + 1] - amounts[column] if column else 0.0
        shares.append((amounts[term] + shaping) * float(rules.weights[term]))
    return shares


def _expect_greedy_policy(
    method: type[QLearning], world: World, learned: Any, order: list[int], slots: int, gamma: float, slip: float
) -> dict[int, float]:
    """The expected value of each node of `order`, in which what can follow a node stands before it."""
    values: dict[int, float] = {}
    for node in order:
        each = {}
        for slot in _offered(world, node, slots):
            following = int(world.successor[node * slots + slot])
            each[slot] = float(world.reward[node * slots + slot])
            if following != END:
                each[slot] += gamma * values[following]
        total = 0.0
        for value in each.values():
            total += value
        best = each[method.greedy(world, learned, node, slots)]
        values[node] = (1.0 - slip) * best + slip * (total / len(each))
    return values


def _settle_values(method: type[QLearning], world: World, learned: Any, slots: int, gamma: float) -> dict[int, float]:
    """The expected value of each node that the greedy policy comes to, breadth first from the starts: by sweeps in
    place from the last to the first, until they hardly change it."""
    outcomes: dict[int, range] = {}
    queue = [*dict.fromkeys(world.starts.tolist())]
    for node in queue:
        edge = node * slots + method.greedy(world, learned, node, slots)
        outcomes[node] = range(int(world.first_outcome[edge]), int(world.first_outcome[edge + 1]))
        for outcome in outcomes[node]:
            target = int(world.successor[outcome])
            if target != END and target not in queue:
                queue.append(target)
    values = dict.fromkeys(queue, 0.0)
    for _ in range(arrays.MOST_SWEEPS):
        before = dict(values)
        for node in reversed(queue):
            value, last = 0.0, 0
            for outcome in outcomes[node]:
                threshold, worth = int(world.outcome_thresholds[outcome]), float(world.reward[outcome])
                target = int(world.successor[outcome])
                if target != END:
                    worth = worth + gamma * values[target]
                value = value + float(threshold - last) * 2.0**-53 * worth
                last = threshold
            values[node] = value
        change = max(abs(values[node] - before[node]) for node in queue)
        if change <= arrays.SETTLED * max(map(abs, values.values())):
            break
    return values


def _widen_bins(histories: Histories) -> None:
    def second(_: float, value: float) -> float:
        return value

    merges: list[tuple[str, Callable[[Any, Any], Any], float]] = [
        ("return_sum", operator.add, 0.0),
        ("return_min", min, math.inf),
        ("return_max", max, -math.inf),
        ("surprise", operator.add, 0.0),
        ("steps", operator.add, 0),
        ("greedy_value", second, math.nan),
        ("greedy_shares", second, 0.0),
    ]
    for name, merge, empty in merges:
        bins = getattr(histories, name)
        old = bins.tolist()
        half = len(old) // 2
        bins[:half] = [merge(old[2 * i], old[2 * i + 1]) for i in range(half)]
        bins[half:] = empty
