"""The plain arrays that learning works on, and what each place in them means. Shared by kernel, reference and trainer.

Nothing here computes. All indices are unsigned 64-bit, all amounts float64: signed indices cost a third of the speed.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.uint64]
Numbers = NDArray[np.uint32]
Singles = NDArray[np.float32]

BINS: Final = 1024
"""Bins of a history: more than a plot is wide in, and small enough to copy for every picture."""
TAPE: Final = 4096
"""Least number of steps that are remembered one by one."""
LOOKS: Final = 32
"""Looks at what the greedy policy says, at least, from any number of episodes to twice that number: a change is seen at
most a 32nd of the run later, and a run of a thousand million episodes is looked at a thousand times."""

# Places in `counters`
STEP, EPISODE, NODE, POSITION, PROMPT, BIN_SHIFT, MISSING, LOOK = range(8)
"""Steps and finished episodes so far; node, position and prompt of the episode in progress; log2 of the episodes in a
bin; the edge for which the loop came back; finished episodes at which it is next looked whether the agent would say
something else than it did."""
COUNTERS: Final = 8

# Places in `amounts`
RETURN, SURPRISE, LAST_Q, LAST_TD_ERROR = range(4)
"""Sum of rewards and of |TD error| in the episode in progress; the last step's value before it, and its TD error."""
AMOUNTS: Final = 4

# Places in `Watch.which` and `Watch.amounts`
WATCH_STEP, WATCH_EDGE, WATCH_CELL = range(3)
"""Step number of the last update of the watched row, counted from 1, 0 before the first; the edge that was taken, and
the cell that learned from it: another word's, where the chosen one slipped."""
WATCH_REWARD, WATCH_OLD, WATCH_FUTURE, WATCH_ALPHA, WATCH_GAMMA = range(5)
"""What the update was made from: reward, the value before it, what the next row was worth, alpha and gamma."""
NO_ROW: Final = np.uint64(2**64 - 1)
"""Watched where nothing is."""

SETTLED: Final = 2.0**-33
"""Of the largest value: where edges have outcomes, the greedy policy has been valued when a sweep changes no more."""
MOST_SWEEPS: Final = 4096
"""Sweeps after which it counts as valued anyhow: with gamma 1 an episode might never end."""

# Why the loop came back
STEPS_DONE, EPISODES_DONE, EDGE_MISSING, VALUES_WANTED, LOOK_DUE = range(5)


class World(NamedTuple):
    """What the loop reads: see tables.Tables for all but one."""

    successor: Numbers
    reward: Floats
    row: Numbers
    starts: Numbers
    prompt_thresholds: Counts
    """(prompts,) cumulative chances in units of 2^-53; prompt i is drawn where `bits >> 11` is below entry i."""
    offer: Numbers
    offer_count: Numbers
    offer_slots: Numbers
    share: Numbers
    amounts: Floats
    potentials: Numbers
    """For each edge its kind of step; for each kind what it earns, (steps, columns); for each term its first column of
    potentials: see tables.Tables and dynamics.Dynamics."""
    first_outcome: Counts
    outcome_thresholds: Counts
    """(outcomes,) cumulative chances within an edge; its outcome i comes about where `bits >> 11` is below entry i."""


class Variant(NamedTuple):
    """What a loop is compiled for. The ordinary one has nothing of it, and does not pay for it."""

    restricted: bool = False
    """Whether nodes offer some slots only."""
    scans: bool = False
    """Whether nodes with different offers may share a row: then its maximum is searched for each node, not kept."""
    slips: bool = False
    """Whether the word that is emitted may be another than the chosen one."""
    outcomes: bool = False
    """Whether an edge has several outcomes, each with a chance, a successor and a reward of its own. `successor` and
    `reward` are theirs then, the tape remembers outcomes, and episodes may be cut off."""


class Histories(NamedTuple):
    """What is kept of every episode, binned by episode number: bin i holds the episodes from i << shift on."""

    return_sum: Floats
    return_min: Floats
    return_max: Floats
    surprise: Floats
    """Sum of |TD error|."""
    steps: Counts
    greedy_value: Floats
    """Value of the greedy policy at the bin's end, mean over prompts by weight; NaN until the bin is full."""
    greedy_shares: Floats
    """(bins, terms) what each reward term gives to the greedy policy's texts there: the sum over a text in which no
    word slips, mean over prompts by weight. For full bins only."""


AT_BIN_ENDS: Final = ("greedy_value", "greedy_shares")
"""Histories that have an entry for full bins only."""


class Watch(NamedTuple):
    """The last update of one row, in all its numbers. Kept for whoever looks on; no part of the run."""

    which: Counts
    amounts: Floats


class Progress(NamedTuple):
    """Where a run is, and what it remembers."""

    counters: Counts
    amounts: Floats
    tape: Counts
    """(a power of two,) the edge taken at each step, or its outcome, the step's number modulo the length."""
    path: Floats
    """(max_length,) room for the rewards along one greedy text."""
    chosen: Counts
    """Where words slip, the slot that was chosen at each step, as `tape` has the edge that was taken; else empty."""
    values: Floats
    """Where greedy values are expected ones, (nodes,) room for each node's value; else empty."""
    greedy_edges: Counts
    """Where edges have outcomes, (nodes,) room for the edges that the greedy policy takes; else empty."""
    prompt_weights: Floats
    """(prompts,) weights that add up to 1."""
    histories: Histories
    watch: Watch
    order: Counts
    """Where greedy values are expected ones because words slip, all nodes, each after those that can follow it; else
    empty."""


class Rules(NamedTuple):
    """What can change between two slices, and how far to go. Whole numbers are np.uint64."""

    slots: np.uint64
    alpha: float
    gamma: float
    explore_threshold: np.uint64
    """A step explores where `bits >> 11` is below it."""
    explore_key: np.uint64
    slot_key: np.uint64
    prompt_key: np.uint64
    step_limit: np.uint64
    episode_limit: np.uint64
    slip: float
    slip_threshold: np.uint64
    """A word slips where `bits >> 11` is below it."""
    slip_key: np.uint64
    slipped_key: np.uint64
    outcome_key: np.uint64
    longest: np.uint64
    """Steps after which an episode is cut off; only where edges have outcomes."""
    watched_row: np.uint64
    """The row whose updates go to `Progress.watch`, or NO_ROW."""
    weights: Floats
    """(terms,) of the reward terms."""
    values_wanted: bool
    """Whether to come back before the greedy policy is valued: where words slip, nobody knows yet whether everything
    can be traced for that."""
    said_nodes: Counts
    said_slots: Counts
    """The nodes that the greedy texts passed when they were last written down, and what was chosen at each."""


def new_watch() -> Watch:
    """Nothing seen yet."""
    return Watch(np.zeros(3, np.uint64), np.zeros(5))


def new_histories(terms: int) -> Histories:
    """Empty histories of a run whose reward has so many terms."""
    return Histories(
        np.zeros(BINS),
        np.full(BINS, np.inf),
        np.full(BINS, -np.inf),
        np.zeros(BINS),
        np.zeros(BINS, np.uint64),
        np.full(BINS, np.nan),
        np.zeros((BINS, terms)),
    )
