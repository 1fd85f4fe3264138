"""Which actions of an environment the state graph shows: each to where it most likely leads, from left to right.

Knows the table of outcomes.
"""

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.gym_tables import GymTables
from langrl_gui.core.tables import END


class StateMap:
    """Actions that lead on: to a state that is one step further from the start, or to the end.

    What leads back is left out: a picture from left to right cannot show it. A state to which no action most likely
    leads is reached by the one that does so most often.

    Attributes
    ----------
    node, slot, following : (actions,)
        Where each is taken, which it is, and the node to which it leads or END; by (node, slot), the likeliest first.
    reward : (actions,)
        What its outcome earns.
    """

    def __init__(self, tables: GymTables) -> None:
        depth, slots = tables.length, tables.slots
        reached = np.flatnonzero(depth >= 0)
        likeliest = np.array(
            [tables.likeliest(node, slot) for node in reached.tolist() for slot in range(slots)], np.int64
        )
        edges = (reached[:, None] * slots + np.arange(slots)).ravel()
        following = tables.successor[likeliest].astype(np.int64)
        on = (following == END) | (depth[following] == depth[edges // slots] + 1)
        edges, outcomes = edges[on], likeliest[on]
        missed = np.setdiff1d(reached[depth[reached] > 0], following[on])
        more = [self._most_often(tables, node) for node in missed.tolist()]
        outcomes = np.concatenate([outcomes, np.array(more, np.int64)])
        edges = np.concatenate([edges, tables.edges_of(np.array(more, np.int64))])
        order = np.argsort(edges, kind="stable")
        self.node, self.slot = np.divmod(edges[order], slots)
        self.following = tables.successor[outcomes[order]].astype(np.int64)
        self.reward = tables.reward[outcomes[order]]

    @staticmethod
    def _most_often(tables: GymTables, node: int) -> int:
        """The outcome of greatest chance that leads to this node from one step before it; of equals the first."""
        leading = np.flatnonzero(tables.successor == node)
        edges = tables.edges_of(leading)
        near = tables.length[edges // tables.slots] == tables.length[node] - 1
        leading, edges = leading[near], edges[near]
        chances = [
            tables.outcome_chances(edge)[outcome - int(tables.first_outcome[edge])]
            for outcome, edge in zip(leading.tolist(), edges.tolist(), strict=True)
        ]
        return int(leading[np.argmax(chances)])

    def leaving(self, level: NDArray[np.integer], nodes: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """(place in `level`, place here) of the actions that are taken at these nodes, by place in `level`."""
        place = np.full(nodes, -1)
        place[level] = np.arange(len(level))
        here = np.flatnonzero(place[self.node] >= 0)
        source = place[self.node[here]]
        order = np.argsort(source, kind="stable")
        return source[order], here[order]

    def way_to(self, node: int) -> NDArray[np.int64]:
        """Places here of actions that lead from a start to this node, the last first."""
        way: list[int] = []
        while len(leading := np.flatnonzero(self.following == node)):
            way.append(int(leading[0]))
            node = int(self.node[leading[0]])
        return np.array(way, np.int64)
