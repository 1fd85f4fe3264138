"""What an exact solution of a process does over and over. Plain source: `kernels.load_sweeps` compiles it.

The arrays are those of `mdp.Mdp` and of its chains. Each function does what a line of numpy in `core.mdp` does for
small processes, without writing down what every outcome adds. Numbers without a sign are the quicker indices.
"""

import numpy as np

_1 = np.uint64(1)


def improve(first, successor, probability, reward, slots, gamma, values, improved, policy):
    """Of every state what its best action is worth if the states that follow are worth `values`, and that action, of
    equals the lowest; into `improved` and `policy`."""
    for state in range(np.uint64(len(values))):
        best, highest = np.uint64(0), -np.inf
        end = np.uint64(first[state * slots])
        for slot in range(slots):
            edge = state * slots + slot
            begin, end = end, np.uint64(first[edge + _1])
            future = 0.0
            for outcome in range(begin, end):
                following = successor[outcome]
                if following >= 0:
                    future += probability[outcome] * values[np.uint64(following)]
            worth = reward[edge] + gamma * future
            if worth > highest:
                best, highest = slot, worth
        improved[state], policy[state] = highest, best


def ahead(first, target, chance, values, expected):
    """Of every state of a chain what comes next, in the mean; into `expected`."""
    end = np.uint64(0)
    for state in range(np.uint64(len(values))):
        begin, end = end, np.uint64(first[state + _1])
        total = 0.0
        for transition in range(begin, end):
            total += chance[transition] * values[np.uint64(target[transition])]
        expected[state] = total
