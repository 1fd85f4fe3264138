"""What views receive: immutable pictures of a run, holding what the visible views asked for and can draw.

`Observer.observe` is called between two slices and takes well under a millisecond; its arrays are copies. Each part of
a picture is a module here: what it holds, and how it is made of a trainer.
"""

import time
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from langrl_gui.core.explain import Update as Update
from langrl_gui.core.gym import Scene
from langrl_gui.core.samples import Sample as Sample
from langrl_gui.core.samples import SampleList as SampleList
from langrl_gui.core.tables import Room as Room
from langrl_gui.core.telemetry.aside import AtOnce, OptimalTable
from langrl_gui.core.telemetry.curves import Curves as Curves
from langrl_gui.core.telemetry.curves import observe_curves
from langrl_gui.core.telemetry.graph import Graph as Graph
from langrl_gui.core.telemetry.graph import GraphObserver
from langrl_gui.core.telemetry.graph import Said as Said
from langrl_gui.core.telemetry.graph_shape import GraphShape as GraphShape
from langrl_gui.core.telemetry.graph_shape import GraphWanted as GraphWanted
from langrl_gui.core.telemetry.heat import Heat as Heat
from langrl_gui.core.telemetry.heat import observe_heat
from langrl_gui.core.telemetry.inspection import Inspection as Inspection
from langrl_gui.core.telemetry.inspection import InspectionObserver
from langrl_gui.core.telemetry.inspection import find_update as find_update
from langrl_gui.core.telemetry.overview import Overview as Overview
from langrl_gui.core.telemetry.overview import OverviewObserver
from langrl_gui.core.telemetry.overview import OverviewOf as OverviewOf
from langrl_gui.core.telemetry.rows import RowOrder
from langrl_gui.core.telemetry.table import Column as Column
from langrl_gui.core.telemetry.table import Ranking as Ranking
from langrl_gui.core.telemetry.table import Table as Table
from langrl_gui.core.telemetry.table import TableObserver
from langrl_gui.core.telemetry.tape import Episode as Episode
from langrl_gui.core.telemetry.tape import Tape as Tape
from langrl_gui.core.telemetry.tape import TapeStep as TapeStep
from langrl_gui.core.telemetry.tape import observe_tape
from langrl_gui.core.timeline import Address
from langrl_gui.core.trainer import NO_LIMIT as NO_LIMIT
from langrl_gui.core.trainer import Text, Trainer

REFRESH: Final = 0.2
"""Seconds for which a running graph keeps its shape, and the heat map its order of rows: long enough to be read, and
to cost the run nothing."""
MOST_PROMPTS: Final = 100
"""Prompts for which a snapshot says what the agent answers."""


@dataclass(frozen=True)
class Wanted:
    """What the visible views want to see. Nothing is made that nobody wants."""

    curves: bool = False
    says: bool = False
    tape: int = 0
    """Episodes on the tape, the one in progress among them; 0: no tape."""
    graph: GraphWanted | None = None
    """What of the state graph; None: no graph."""
    heat_rows: tuple[int, int] = (0, 0)
    """First row and number of rows of the heat map."""
    heat_slots: tuple[int, int] = (0, 0)
    overview: OverviewOf | None = None
    """The part of the table that is wanted as a picture."""
    selected: tuple[int, ...] = ()
    """The selected state, of which heat map and picture say where it stands."""
    table: Ranking | None = None
    table_part: tuple[int, int] = (0, 0)
    """First place and number of places in the list of cells."""
    table_at: tuple[tuple[int, ...], int] = ((), -1)
    """State and word (-1: the first one) of which the list says where it is."""
    inspected: tuple[int, ...] | None = None
    """The state to be inspected; () for the one in which the agent is, None for none."""
    samples: bool = False
    current: bool = False
    """What a picture of the environment is of: the state in which the agent is."""


@dataclass(frozen=True)
class Snapshot:
    """One moment of a run, as far as it was asked for."""

    address: Address
    episode: int
    """Episodes finished."""
    position: int
    """Words said in the episode in progress."""
    alpha: float
    gamma: float
    epsilon: float
    states: int
    traced: int
    tracing_seconds: float
    """Edges that have been traced, and how long that took."""
    room: Room | None
    """Where states are traced as they are met: how many fit."""
    curves: Curves | None = None
    says: tuple[Text, ...] | None = None
    tape: Tape | None = None
    graph: Graph | None = None
    heat: Heat | None = None
    overview: Overview | None = None
    table: Table | None = None
    inspection: Inspection | None = None
    samples: SampleList | None = None
    current: Scene | None = None

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.address.step

    @property
    def current_episode(self) -> int:
        """The number of the episode in progress; where no word of it is said yet, of the one just finished."""
        return self.episode + 1 if self.position or not self.episode else self.episode


class Observer:
    """Makes snapshots of one trainer. Keeps nothing but which states are shown, and in which order.

    What takes too long between two slices is given to `aside`: then `has_news` tells when another look is worth it.
    """

    def __init__(self, trainer: Trainer, aside: Executor | None = None) -> None:
        self.trainer = trainer
        aside = aside or AtOnce()
        self._graph = GraphObserver(trainer)
        self._order = RowOrder(trainer, aside)
        self._optimum = OptimalTable(trainer, aside)
        self._overview = OverviewObserver(self._order, self._optimum)
        self._table = TableObserver(self._order, self._optimum, aside)
        self._inspection = InspectionObserver(trainer)
        self._refreshed = 0.0

    @property
    def waits(self) -> bool:
        """Whether something is being done aside."""
        return self._optimum.errand.is_out or self._table.errand.is_out

    @property
    def has_news(self) -> bool:
        """Whether something was done aside that the next snapshot will show."""
        return self._optimum.errand.is_done or self._table.errand.is_done

    def close(self) -> None:
        """Nobody looks any more: end what is done aside."""
        self._order.close()
        self._optimum.close()
        self._table.close()

    def observe(self, wanted: Wanted, exact: bool = True) -> Snapshot:
        """The trainer as it is now, as far as `wanted` asks.

        Unless `exact`, which states are shown may be as of up to REFRESH seconds ago, and a large graph may be left
        out. Numbers never are of another moment.
        """
        trainer = self.trainer
        now = time.monotonic()
        fresh = exact or now - self._refreshed > REFRESH
        if fresh:
            self._refreshed = now
        self._optimum.take_up()
        if wanted.table is None:
            self._table.close()
        shows_heat = wanted.heat_rows[1] > 0 and wanted.heat_slots[1] > 0
        shows_rows = shows_heat or wanted.overview is not None or wanted.table is not None
        if shows_rows and (fresh or not len(self._order.rows)):
            self._order.refresh(exact)
        learner = trainer.scenario.learner
        prompts = range(min(len(trainer.scenario.starts), MOST_PROMPTS))
        return Snapshot(
            trainer.timeline.pointer,
            trainer.episode,
            trainer.position,
            learner.alpha,
            learner.gamma,
            learner.explore.epsilon,
            trainer.tables.rows,
            trainer.tables.traced,
            trainer.tables.tracing_seconds,
            trainer.room,
            curves=observe_curves(trainer) if wanted.curves else None,
            says=tuple(trainer.greedy_text(prompt) for prompt in prompts) if wanted.says else None,
            tape=observe_tape(trainer, wanted.tape) if wanted.tape else None,
            graph=self._graph.observe(wanted.graph, fresh, exact) if wanted.graph else None,
            heat=observe_heat(self._order, wanted.heat_rows, wanted.heat_slots, wanted.selected)
            if shows_heat
            else None,
            overview=self._overview.observe(wanted.overview, wanted.selected, exact) if wanted.overview else None,
            table=self._table.observe(wanted.table, wanted.table_part, wanted.table_at, exact)
            if wanted.table
            else None,
            inspection=None if wanted.inspected is None else self._inspection.observe(wanted.inspected),
            samples=trainer.samples.so_far() if wanted.samples else None,
            current=_scene(trainer) if wanted.current else None,
        )

    def remember(self, update: Update) -> None:
        """The last update of the inspected state, found by going back for it."""
        self._inspection.remember(update)


def _scene(trainer: Trainer) -> Scene:
    state = trainer.state[-1]
    return Scene(state) if trainer.stepped is None else trainer.stepped.scene(state, trainer.episode)
