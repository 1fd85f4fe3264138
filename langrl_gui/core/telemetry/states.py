"""Which actions of an environment the state graph shows: each to where it most likely leads, from left to right.

Knows the outcomes: of a table, or those that came about so far.
"""

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.gym_tables import StateTables
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

    def __init__(self, tables: StateTables) -> None:
        outcomes, slots = tables.outcomes(), tables.slots
        depth = outcomes.depths(tables.starts, tables.nodes, slots)
        source = outcomes.edge // slots
        likeliest = outcomes.likeliest(slots)
        likeliest = likeliest[depth[source[likeliest]] >= 0]
        following = outcomes.successor[likeliest]
        on = (following == END) | (depth[following] == depth[source[likeliest]] + 1)
        missed = np.setdiff1d(np.flatnonzero(depth > 0), following[on])
        # Of what leads there from one step before, that of the greatest weight; of equals the first.
        leading = np.flatnonzero((depth[source] >= 0) & (depth[outcomes.successor] == depth[source] + 1))
        leading = leading[np.lexsort((leading, -outcomes.weight[leading], outcomes.successor[leading]))]
        leading = leading[np.flatnonzero(np.diff(outcomes.successor[leading], prepend=-1))]
        more = leading[np.isin(outcomes.successor[leading], missed)]
        shown = np.concatenate([likeliest[on], more])
        shown = shown[np.argsort(outcomes.edge[shown], kind="stable")]
        self.node, self.slot = np.divmod(outcomes.edge[shown], slots)
        self.following = outcomes.successor[shown]
        self.reward = outcomes.reward[shown]

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
