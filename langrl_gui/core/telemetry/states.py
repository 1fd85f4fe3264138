"""Which states of an environment the state graph shows: by the fewest steps that lead there, each action to where it
most likely leads. Knows the table of outcomes.
"""

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.gym_tables import GymTables
from langrl_gui.core.tables import END


class StateMap:
    """States in columns, and the actions that lead to a later column.

    Attributes
    ----------
    nodes, column, ends : (nodes,)
        Each state that is reached, by (column, number); then, where episodes end, the state before once more for each
        action that most likely ends it.
    source, target, slot : (edges,)
    earned : (nodes,)
        For an end what its action earns, else 0.
    """

    def __init__(self, tables: GymTables) -> None:
        reached = 2 + np.flatnonzero(tables.length[2:] >= 0)
        order = np.lexsort((reached, tables.length[reached]))
        states = reached[order]
        place = {int(node): number for number, node in enumerate(states)}
        nodes, column = states.tolist(), tables.length[states].tolist()
        source: list[int] = []
        target: list[int] = []
        slots: list[int] = []
        earned = [0.0] * len(nodes)
        for number, node in enumerate(states.tolist()):
            for slot in range(tables.slots):
                outcome = tables.likeliest(node, slot)
                following = int(tables.successor[outcome])
                if following == END:
                    nodes.append(node)
                    column.append(column[number] + 1)
                    earned.append(float(tables.reward[outcome]))
                    there = len(nodes) - 1
                else:
                    there = place[following]
                    if column[there] <= column[number]:
                        continue  # back to where one has been: a picture from left to right cannot show it
                source.append(number)
                target.append(there)
                slots.append(slot)
        self.nodes, self.column = np.array(nodes), np.array(column)
        self.ends = np.arange(len(nodes)) >= len(states)
        self.source, self.target, self.slot = (np.array(a, np.intp) for a in (source, target, slots))
        self.earned = np.array(earned)

    def cut(self, most: int, visits: NDArray[np.uint64]) -> NDArray[np.intp]:
        """The places of at most `most` nodes a column, by column: those that were visited most often."""
        rank = np.lexsort((np.arange(len(self.nodes)), -visits.astype(np.float64), self.column))
        within = np.arange(len(rank)) - np.searchsorted(self.column[rank], self.column[rank])
        kept = np.sort(rank[within < most])
        return kept[np.argsort(self.column[kept], kind="stable")]
