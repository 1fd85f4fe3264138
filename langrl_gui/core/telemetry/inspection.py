"""One state of the table in all its numbers, and the last update there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays, explain
from langrl_gui.core.explain import Update
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import END
from langrl_gui.core.timeline import Timeline
from langrl_gui.core.trainer import Trainer

State = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Inspection:
    """What the agent knows of one state. Arrays have an entry for each word that is offered there; they are empty where
    nobody has been, and where the text has ended."""

    state: State
    """Its prompt, then the words that the agent sees."""
    follows: bool
    """Whether it is the state in which the agent is, whichever that is; then the update is the run's last one."""
    words: NDArray[np.intp]
    q: NDArray[np.float64]
    visits: NDArray[np.uint64]
    chance: NDArray[np.float64]
    """How likely each is to be chosen now; NaN where texts with different words on offer share the state."""
    best: int
    """Which entry the greedy policy chooses."""
    update: Update | None
    """The last update there; None before the first, and where it was made before anybody looked here."""

    @property
    def seen(self) -> int:
        """How often a word was chosen there."""
        return int(self.visits.sum())


@dataclass
class InspectionObserver:
    """Inspects states of one trainer, and has the trainer watch the one that is asked for."""

    trainer: Trainer
    _state: State | None = None
    _found: Update | None = None

    def observe(self, state: State) -> Inspection:
        """This state; the one the agent is in for ()."""
        trainer = self.trainer
        tables = trainer.tables
        node = int(trainer.progress.counters[arrays.NODE])
        row = tables.find_row(state) if state else int(tables.row[node])
        trainer.watch(row if state else None)
        if state != self._state:
            self._state, self._found = state, None
        if row is None:
            none = np.zeros(0)
            return Inspection(state, False, none.astype(np.intp), none, none.astype(np.uint64), none, -1, None)
        last = last_update(trainer)
        if state:
            update = _watched_update(trainer) or (last if last and last.state == state else self._found)
        else:
            update = last
        slots, words = _offered(trainer, row, None if state else node)
        greedy = trainer.best_slots(np.array([row])) if state else trainer.greedy_slots(np.array([node]))
        best = int(np.flatnonzero(slots == greedy[0])[0])
        cells = row * tables.slots + slots
        return Inspection(
            (tables.prompt(row), *tables.seen(row)),
            not state,
            words,
            trainer.learned.q[cells],
            trainer.learned.visits[cells],
            explain.chances(trainer.scenario.learner.explore, best, len(slots))
            if not state or tables.row_offers(np.array([row])) is not None or not tables.restricted
            else np.full(len(slots), np.nan),
            best,
            update,
        )

    def remember(self, update: Update) -> None:
        """The last update of the state that is asked for, found by going back for it."""
        if update.state == self._state:
            self._found = update


def find_update(
    scenario: Scenario, timeline: Timeline, to: int, state: State, progress: Callable[[float], bool]
) -> Update | None:
    """The last update of `state` before step `to` of a run: found by going the whole way once more, watching.

    Parameters
    ----------
    scenario : as it was at step 0.
    progress : told the share of the way that is done; its answer False ends it, and nothing is found.
    """
    past = Trainer(scenario)
    past.watch(past.trace_row(state))

    def tick() -> None:
        if not progress(past.step / max(1, to)):
            raise _Cancelled

    try:
        past.replay(timeline, to, tick)
    except _Cancelled:
        return None
    return _watched_update(past)


class _Cancelled(Exception):
    pass


def _offered(trainer: Trainer, row: int, node: int | None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The slots that are offered in a row, at this node of it if one is named, and the words that they stand for."""
    tables, rows = trainer.tables, np.array([row])
    offered = tables.row_offers(rows) if node is None else tables.offers(np.array([node]))
    words = tables.words_at(rows)[0].astype(np.intp)
    slots = np.arange(tables.slots) if offered is None else np.flatnonzero(offered[0])
    return slots, words[slots]


def _watched_update(trainer: Trainer) -> Update | None:
    watch = trainer.progress.watch
    step, edge, cell = watch.which.tolist()
    if not step:
        return None
    reward, old, future, alpha, gamma = watch.amounts.tolist()
    return _update(trainer, step, edge, cell, reward, old, future, alpha, gamma)


def last_update(trainer: Trainer) -> Update | None:
    """The run's last update, from what is kept of its last step; None where that does not add up: in a run that was
    just taken up from a file, and after a change of the rewards' weights."""
    if not trainer.remembered:
        return None
    tables, learned, slots = trainer.tables, trainer.learned, trainer.tables.slots
    edge = int(trainer.last_edges(1)[0])
    node, slot = divmod(int(tables.edges_of(np.array([edge]))[0]), slots)
    if len(trainer.progress.chosen):
        slot = int(trainer.progress.chosen[(trainer.step - 1) & (len(trainer.progress.chosen) - 1)])
    row, target = int(tables.row[node]), int(tables.successor[edge])
    old, td_error = (float(trainer.progress.amounts[i]) for i in (arrays.LAST_Q, arrays.LAST_TD_ERROR))
    future = 0.0
    if target > END:
        following = int(tables.row[target])
        values = learned.q[following * slots : (following + 1) * slots].copy()
        if following == row:
            values[slot] = old
        future = float(values[tables.offers(np.array([target]))[0]].max())
    alpha, gamma = (trainer.setting_before(path) for path in ("learner.alpha", "learner.gamma"))
    cell = row * slots + slot
    update = _update(trainer, trainer.step, edge, cell, float(tables.reward[edge]), old, future, alpha, gamma)
    adds_up = update.td_error == td_error and update.new == float(learned.q[cell])
    return update if adds_up else None


def _update(
    trainer: Trainer,
    step: int,
    edge: int,
    cell: int,
    reward: float,
    old: float,
    future: float,
    alpha: float,
    gamma: float,
) -> Update:
    tables = trainer.tables
    row, slot = divmod(cell, tables.slots)
    edges = np.array([edge])
    return Update(
        step,
        (tables.prompt(row), *tables.seen(row)),
        int(tables.words_at(np.array([row]))[0, slot]),
        int(tables.words_of(edges)[0]),
        old,
        alpha,
        reward,
        gamma,
        None if tables.successor[edge] == END else future,
        tuple(tables.shares_of(edges)[0].tolist()) if tables.reward[edge] == reward else (),
    )
