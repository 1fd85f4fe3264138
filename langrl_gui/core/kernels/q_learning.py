"""One step of Watkins' q-learning (Watkins 1989; Sutton & Barto 2018, eq. 6.8), its row maximum kept where that can be.

Plain source, like `loop`: `kernels.load` compiles it into the loop. RESTRICTED and SCANS are constants there, see
`arrays.Variant`; what they rule out is not compiled.
"""

import numpy as np

RESTRICTED = SCANS = False
_0, _1 = np.uint64(0), np.uint64(1)


def greedy(world, learned, node, row, slots):
    """The offered slot with the largest value in this row; of equals the one with the lowest number."""
    if SCANS:
        return highest_offered(world, learned, node, row, slots)
    return np.uint64(learned.best[row])


def highest_offered(world, learned, node, row, slots):
    """What `greedy` says, searched."""
    q, offered = learned.q, world.offer_slots
    offer = np.uint64(world.offer[node])
    first, first_offered = row * slots, offer * slots
    top = np.uint64(offered[first_offered])
    highest = q[first + top]
    for place in range(_1, np.uint64(world.offer_count[offer])):
        slot = np.uint64(offered[first_offered + place])
        if q[first + slot] > highest:
            highest = q[first + slot]
            top = slot
    return top


def learn(world, learned, node, row, slot, slots, reward, ended, next_node, next_row, alpha, gamma):
    """Move a value towards its target; returns it as it was, what the next row is worth, and the TD error."""
    q, best = learned.q, learned.best
    first = row * slots
    cell = first + slot
    old = q[cell]
    target, future = reward, 0.0
    if not ended:
        future = q[next_row * slots + greedy(world, learned, next_node, next_row, slots)]
        target = reward + gamma * future
    td_error = target - old
    new = old + alpha * td_error
    q[cell] = new
    learned.visits[cell] += _1
    # Where nothing changes, as on every path that is learned, the maximum stays where it was: one branch to guess.
    if new != old:
        learned.change[cell] = new - old
        if SCANS:
            return old, future, td_error
        top = np.uint64(best[row])
        if slot == top and new < old:
            if RESTRICTED:
                top = highest_offered(world, learned, node, row, slots)
            else:
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
