"""One step of Watkins' q-learning with a kept row maximum (Watkins 1989; Sutton & Barto 2018, eq. 6.8).

Plain source, like `loop`: `kernels.load` compiles it into the loop.
"""

import numpy as np

_0, _1 = np.uint64(0), np.uint64(1)


def greedy(learned, row, slots):
    """The slot with the largest value in this row; of equals the one with the lowest number."""
    return np.uint64(learned.best[row])


def learn(learned, row, slot, slots, reward, ended, next_row, alpha, gamma):
    """Move a value towards its target; returns it as it was, what the next row is worth, and the TD error."""
    q, best = learned.q, learned.best
    first = row * slots
    cell = first + slot
    old = q[cell]
    target, future = reward, 0.0
    if not ended:
        future = q[next_row * slots + best[next_row]]
        target = reward + gamma * future
    td_error = target - old
    new = old + alpha * td_error
    q[cell] = new
    learned.visits[cell] += _1
    # Where nothing changes, as on every path that is learned, the maximum stays where it was: one branch to guess.
    if new != old:
        learned.change[cell] = new - old
        top = np.uint64(best[row])
        if slot == top and new < old:
            top = _0
            highest = q[first]
            for other in range(_1, slots):
                if q[first + other] > highest:
                    highest = q[first + other]
                    top = other
            best[row] = top
        else:
            highest = q[first + top]
            if new > highest or (new == highest and slot < top):
                best[row] = slot
    return old, future, td_error
