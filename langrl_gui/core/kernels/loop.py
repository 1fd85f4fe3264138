"""The training loop that all learners share. Plain source: `kernels.load` compiles it for each learner and variant.

`greedy` and `learn` are global names that the compiler finds replaced by the learner's two functions, RESTRICTED,
SCANS, SLIPS and OUTCOMES by what `arrays.Variant` says: branches on them are decided when it compiles. The loop owns
everything else: which word is tried, where it leads, when an episode ends, what is kept of it. It comes back before it
changes anything where an edge is missing, so that tracing it and calling again is all there is to do.
"""

import numpy as np

from langrl_gui.core import arrays, tables
from langrl_gui.core.kernels.q_learning import greedy, learn
from langrl_gui.core.kernels.random import at_position, below, of_episode

_STEP, _EPISODE, _NODE, _POSITION = arrays.STEP, arrays.EPISODE, arrays.NODE, arrays.POSITION
_PROMPT, _BIN_SHIFT, _MISSING, _LOOK = arrays.PROMPT, arrays.BIN_SHIFT, arrays.MISSING, arrays.LOOK
_RETURN, _SURPRISE, _LAST_Q, _LAST_TD_ERROR = arrays.RETURN, arrays.SURPRISE, arrays.LAST_Q, arrays.LAST_TD_ERROR
_WATCH_STEP, _WATCH_EDGE, _WATCH_CELL = arrays.WATCH_STEP, arrays.WATCH_EDGE, arrays.WATCH_CELL
_WATCH_REWARD, _WATCH_OLD, _WATCH_FUTURE = arrays.WATCH_REWARD, arrays.WATCH_OLD, arrays.WATCH_FUTURE
_WATCH_ALPHA, _WATCH_GAMMA = arrays.WATCH_ALPHA, arrays.WATCH_GAMMA
_STEPS_DONE, _EPISODES_DONE, _EDGE_MISSING = arrays.STEPS_DONE, arrays.EPISODES_DONE, arrays.EDGE_MISSING
_VALUES_WANTED, _LOOK_DUE = arrays.VALUES_WANTED, arrays.LOOK_DUE
_BINS = np.uint64(arrays.BINS)
_UNTRACED, _END = np.uint32(tables.UNTRACED), np.uint32(tables.END)
RESTRICTED = SCANS = SLIPS = OUTCOMES = False
_DOUBLING = np.uint64(2 * arrays.LOOKS)
_MOST_SWEEPS, _SETTLED, _GRAIN = arrays.MOST_SWEEPS, arrays.SETTLED, 2.0**-53
_0, _1, _11 = np.uint64(0), np.uint64(1), np.uint64(11)


def run(world, learned, progress, rules):
    """Learn until a limit is reached or an edge is missing; returns arrays.STEPS_DONE or one of its siblings."""
    successor, reward, row_of = world.successor, world.reward, world.row
    counters, amounts, tape, histories = progress.counters, progress.amounts, progress.tape, progress.histories
    slots, gamma = rules.slots, rules.gamma
    watch, watched_row = progress.watch, rules.watched_row
    last_of_tape = np.uint64(len(tape)) - _1

    step, episode, node, position = counters[_STEP], counters[_EPISODE], counters[_NODE], counters[_POSITION]
    prompt, shift = counters[_PROMPT], counters[_BIN_SHIFT]
    total, surprise = amounts[_RETURN], amounts[_SURPRISE]
    old, td_error = amounts[_LAST_Q], amounts[_LAST_TD_ERROR]
    row = np.uint64(row_of[node])
    explore_luck, look = of_episode(rules.explore_key, episode), counters[_LOOK]
    while True:
        if position == _0:
            if bin_is_due(histories, episode, shift):
                if SLIPS and rules.values_wanted:
                    reason = _VALUES_WANTED
                    break
                missing = value_greedy_policy(world, learned, progress, rules, (episode >> shift) - _1)
                if missing != _0:
                    counters[_MISSING] = missing
                    reason = _EDGE_MISSING
                    break
                if episode >> shift == _BINS:
                    widen_bins(histories)
                    shift += _1
            if episode >= look:
                if not says_the_same(world, learned, rules):
                    reason = _LOOK_DUE
                    break
                look = look_after(episode)
            if episode >= rules.episode_limit:
                reason = _EPISODES_DONE
                break
        if step >= rules.step_limit:
            reason = _STEPS_DONE
            break
        if at_position(explore_luck, position) >> _11 < rules.explore_threshold:
            slot = offered_slot(world, node, at_position(of_episode(rules.slot_key, episode), position), slots)
        else:
            slot = greedy(world, learned, node, row, slots)
        emitted = slot
        if SLIPS:
            if at_position(of_episode(rules.slip_key, episode), position) >> _11 < rules.slip_threshold:
                bits = at_position(of_episode(rules.slipped_key, episode), position)
                emitted = offered_slot(world, node, bits, slots)
        edge = node * slots + emitted
        if OUTCOMES:
            edge = outcome_of(world, edge, at_position(of_episode(rules.outcome_key, episode), position))
        target = successor[edge]
        if target == _UNTRACED:
            counters[_MISSING] = edge
            reason = _EDGE_MISSING
            break
        gain = reward[edge]
        ended = target == _END
        next_node = np.uint64(target)
        next_row = np.uint64(row_of[next_node])
        old, future, td_error = learn(
            world, learned, node, row, slot, slots, gain, ended, next_node, next_row, rules.alpha, gamma
        )
        if row == watched_row:
            watch.which[_WATCH_STEP], watch.which[_WATCH_EDGE] = step + _1, edge
            watch.which[_WATCH_CELL] = row * slots + slot
            watch.amounts[_WATCH_REWARD], watch.amounts[_WATCH_OLD] = gain, old
            watch.amounts[_WATCH_FUTURE] = future
            watch.amounts[_WATCH_ALPHA], watch.amounts[_WATCH_GAMMA] = rules.alpha, gamma
        tape[step & last_of_tape] = edge
        if SLIPS:
            progress.chosen[step & last_of_tape] = slot
        node, row = next_node, next_row
        total += gain
        surprise += abs(td_error)
        step += _1
        position += _1
        if OUTCOMES:
            ended = (
                ended or position == rules.longest
            )  # cut off: the value after that was learned from, as it should be
        if ended:
            place = episode >> shift
            histories.return_sum[place] += total
            histories.return_min[place] = min(histories.return_min[place], total)
            histories.return_max[place] = max(histories.return_max[place], total)
            histories.surprise[place] += surprise
            histories.steps[place] += position
            total = surprise = 0.0
            position = _0
            episode += _1
            explore_luck = of_episode(rules.explore_key, episode)
            if len(world.starts) > 1:
                bits = at_position(of_episode(rules.prompt_key, episode), _0) >> _11
                prompt = np.uint64(np.searchsorted(world.prompt_thresholds, bits, side="right"))
            node = np.uint64(world.starts[prompt])
            row = np.uint64(row_of[node])
    counters[_STEP], counters[_EPISODE], counters[_NODE], counters[_POSITION] = step, episode, node, position
    counters[_PROMPT], counters[_BIN_SHIFT], counters[_LOOK] = prompt, shift, look
    amounts[_RETURN], amounts[_SURPRISE] = total, surprise
    amounts[_LAST_Q], amounts[_LAST_TD_ERROR] = old, td_error
    return reason


def says_the_same(world, learned, rules):
    """Whether the agent would choose what it chose wherever its greedy texts passed when they were last written down:
    then they are the same. False if they never were."""
    for place in range(len(rules.said_nodes)):
        node = rules.said_nodes[place]
        if greedy(world, learned, node, np.uint64(world.row[node]), rules.slots) != rules.said_slots[place]:
            return False
    return len(rules.said_nodes) > 0


def look_after(episode):
    """See samples.look_after."""
    apart = _1
    while apart * _DOUBLING <= episode:
        apart += apart
    return (episode // apart + _1) * apart


def bin_is_due(histories, episode, shift):
    """Whether a bin is full and the greedy policy has not been valued at its end."""
    if episode == _0 or episode & ((_1 << shift) - _1) != _0:
        return False
    return np.isnan(histories.greedy_value[(episode >> shift) - _1])


def offered_slot(world, node, bits, slots):
    """One of the slots that are offered at a node, by 64 random bits."""
    if RESTRICTED:
        offer = np.uint64(world.offer[node])
        return np.uint64(world.offer_slots[offer * slots + below(bits, np.uint64(world.offer_count[offer]))])
    return below(bits, slots)


def outcome_of(world, edge, bits):
    """One of the outcomes of an edge, by 64 random bits."""
    outcome = world.first_outcome[edge]
    while bits >> _11 >= world.outcome_thresholds[outcome]:
        outcome += _1
    return outcome


def value_greedy_policy(world, learned, progress, rules, place):
    """Write the greedy policy's value, and the terms' shares, into this bin; returns the edge that is missing for it,
    or 0.

    Folded from the text's end backward, reward + gamma * value: the arithmetic of the oracle, to the last bit. Where
    words slip it is the expected value if everything is traced, else that of the text in which none slips; shares are
    of that text always. Where edges have outcomes it is the expected value, as exact as a picture needs.
    """
    slots, gamma, path, shares = rules.slots, rules.gamma, progress.path, progress.histories.greedy_shares
    expects = (SLIPS or OUTCOMES) and len(progress.values) > 0
    if OUTCOMES:
        settle_values(world, learned, progress, slots, gamma)
    elif expects:
        expect_greedy_policy(world, learned, progress, slots, gamma, rules.slip)
    for term in range(shares.shape[1]):
        shares[place, term] = 0.0
    mean = 0.0
    for prompt in range(len(world.starts)):
        node = np.uint64(world.starts[prompt])
        length = 0
        while not OUTCOMES:
            edge = node * slots + greedy(world, learned, node, np.uint64(world.row[node]), slots)
            target = world.successor[edge]
            if target == _UNTRACED:
                return edge
            path[length] = world.reward[edge]
            add_shares(world, rules, edge, progress.prompt_weights[prompt], shares, place)
            length += 1
            if target == _END:
                break
            node = np.uint64(target)
        value = 0.0
        for position in range(length - 1, -1, -1):
            value = path[position] + gamma * value
        if expects:
            value = progress.values[world.starts[prompt]]
        mean += progress.prompt_weights[prompt] * value
    progress.histories.greedy_value[place] = mean
    return _0


def expect_greedy_policy(world, learned, progress, slots, gamma, slip):
    """The greedy policy's expected value of every node, from the ends of the texts backward."""
    values = progress.values
    for node in progress.order:
        chosen = greedy(world, learned, node, np.uint64(world.row[node]), slots)
        offer = np.uint64(world.offer[node])
        count = np.uint64(world.offer_count[offer])
        total = best = 0.0
        for place in range(count):
            slot = np.uint64(world.offer_slots[offer * slots + place])
            edge = node * slots + slot
            value = world.reward[edge]
            if world.successor[edge] != _END:
                value = value + gamma * values[world.successor[edge]]
            total += value
            if slot == chosen:
                best = value
        values[node] = (1.0 - slip) * best + slip * (total / np.float64(count))


def settle_values(world, learned, progress, slots, gamma):
    """The greedy policy's expected value of every node that it comes to, by sweeps in place (Sutton & Barto 2018,
    section 4.1) from the node found last to the first, until they change it by `arrays.SETTLED` of the largest at most.
    """
    values, edges = progress.values, progress.greedy_edges
    for node in range(len(values)):
        values[node] = np.nan
    found = 0
    for start in world.starts:
        found = come_to(world, learned, progress, slots, np.uint64(start), found)
    done = 0
    while done < found:
        edge = edges[done]
        done += 1
        for outcome in range(world.first_outcome[edge], world.first_outcome[edge + _1]):
            if world.successor[outcome] != _END:
                found = come_to(world, learned, progress, slots, np.uint64(world.successor[outcome]), found)
    for _ in range(_MOST_SWEEPS):
        change, largest = 0.0, 0.0
        for back in range(found):
            edge = edges[found - 1 - back]
            node = edge // slots
            below_it, value = _0, 0.0
            for outcome in range(world.first_outcome[edge], world.first_outcome[edge + _1]):
                worth = world.reward[outcome]
                target = world.successor[outcome]
                if target != _END:
                    worth = worth + gamma * values[target]
                # Chances are whole numbers of 2^-53: exact, and the same that outcomes are drawn by.
                value = value + np.float64(world.outcome_thresholds[outcome] - below_it) * _GRAIN * worth
                below_it = world.outcome_thresholds[outcome]
            change = max(change, abs(value - values[node]))
            largest = max(largest, abs(value))
            values[node] = value
        if change <= _SETTLED * largest:
            break


def come_to(world, learned, progress, slots, node, found):
    """Remember the greedy edge of a node that was not found before, worth 0 so far; returns how many there are now."""
    if np.isnan(progress.values[node]):
        progress.values[node] = 0.0
        progress.greedy_edges[found] = node * slots + greedy(world, learned, node, np.uint64(world.row[node]), slots)
        return found + 1
    return found


def add_shares(world, rules, edge, prompt_weight, shares, place):
    """Add what each reward term gives to this edge's reward; see Dynamics.shares."""
    amounts, step = world.amounts, world.share[edge]
    for term in range(shares.shape[1]):
        share = amounts[step, term]
        column = world.potentials[term]
        if column != 0:
            share = share + (rules.gamma * amounts[step, column + 1] - amounts[step, column])
        shares[place, term] += prompt_weight * (share * rules.weights[term])


def widen_bins(histories):
    """Merge every two bins into one of twice the width; the second half of the bins is empty again."""
    half = len(histories.steps) // 2
    for place in range(half):
        first, second = 2 * place, 2 * place + 1
        histories.return_sum[place] = histories.return_sum[first] + histories.return_sum[second]
        histories.return_min[place] = min(histories.return_min[first], histories.return_min[second])
        histories.return_max[place] = max(histories.return_max[first], histories.return_max[second])
        histories.surprise[place] = histories.surprise[first] + histories.surprise[second]
        histories.steps[place] = histories.steps[first] + histories.steps[second]
        histories.greedy_value[place] = histories.greedy_value[second]
        for term in range(histories.greedy_shares.shape[1]):
            histories.greedy_shares[place, term] = histories.greedy_shares[second, term]
    histories.return_sum[half:] = 0.0
    histories.return_min[half:] = np.inf
    histories.return_max[half:] = -np.inf
    histories.surprise[half:] = 0.0
    histories.steps[half:] = _0
    histories.greedy_value[half:] = np.nan
    for place in range(half, 2 * half):
        for term in range(histories.greedy_shares.shape[1]):
            histories.greedy_shares[place, term] = 0.0
