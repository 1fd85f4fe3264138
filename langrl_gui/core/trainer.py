"""A run: tables, what has been learned on them, and where it stands. Advances exactly as far as it is told.

The same scenario and events give the same bytes, however the way was cut into slices. Knows nothing of threads,
windows or files; not safe to use from two threads at once.
"""

import contextlib
import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays, draws, kernels, learners, mdp, work
from langrl_gui.core.arrays import Progress, Rules, Variant, World
from langrl_gui.core.errors import ScenarioError, TableError
from langrl_gui.core.gym_tables import Found, GymTables, SteppedTables
from langrl_gui.core.i18n import tr
from langrl_gui.core.samples import SampleList, Samples, look_after
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import END, PADDING, UNTRACED, WHOLE, Place, Room, Tables, most_nodes
from langrl_gui.core.timeline import Timeline

LIVE: Final = ("learner.alpha", "learner.gamma", "learner.explore.epsilon", "rewards.N.weight")
"""Fields that can change while a run goes on, N a number; a change is an event of its timeline."""

_SWEEPS: Final = 1 << 13
"""How often an environment's states are looked at to value a policy, as far as that decides how wide bins are."""

_UNASKED: Final = 0.002
"""Seconds of an environment without a table, or one step, after which it is asked whether that is enough."""
_ESTIMATED: Final = (4000, 50_000)
"""Episodes, and steps, after which an estimate is good enough: a second or two."""

NO_LIMIT: Final = 2**63 - 1


def is_live(path: str) -> bool:
    """Whether the field at `path` can change while a run goes on."""
    return re.sub(r"\.(0|[1-9][0-9]*)\.", ".N.", path) in LIVE and ".N." not in path


class Text(NamedTuple):
    """What an agent says to one prompt, and what it is worth."""

    prompt: int
    words: tuple[int, ...]
    value: float
    """Discounted sum of rewards."""
    total: float
    """Plain sum of rewards, the return."""
    start: tuple[int, ...] = ()
    """Where the prompt does not tell: the state in which it began, as its row is named."""
    ends: bool = True
    """Whether this is all; in an environment one may come back to where one was, and would go round for ever."""


class Estimate(NamedTuple):
    """What the greedy policy is worth, as far as playing it can tell."""

    value: float
    """Mean of the discounted sums of rewards."""
    error: float
    """Standard error of that mean."""
    episodes: int


@dataclass(frozen=True)
class Moment:
    """Everything that makes a run what it is at one step, under names that do not depend on how it was traced.

    Attributes
    ----------
    prompt, words : the episode in progress: its prompt, and the words said so far; in an environment in place of a
        language, where the episode began, and the number of the state that it has come to; where that has no table,
        followed by all that was done since the episode began.
    position : steps taken in it.
    amounts : (arrays.AMOUNTS,) see arrays.RETURN.
    states : (rows, 1 + width) int32, the rows that were visited, in ascending order of (prompt, words).
    offered : (rows, slots) the word of each slot, NOTHING for those that are not offered; None where all of these rows
        offer all words in their order.
    q, visits : (rows, slots) of those rows.
    histories : name -> (bins in use,) or (bins in use, terms), see arrays.Histories.
    found : what came about in an environment without a table.
    samples : what it would have said up to here; None where it was saved by a program that did not keep that.
    """

    timeline: Timeline
    step: int
    episode: int
    prompt: int
    words: tuple[int, ...]
    position: int
    amounts: tuple[float, ...]
    bin_shift: int
    states: NDArray[np.int32]
    offered: NDArray[np.uint32] | None
    q: NDArray[np.float64]
    visits: NDArray[np.uint64]
    histories: dict[str, NDArray[Any]]
    found: Found | None = None
    samples: SampleList | None = None


class Trainer:
    """One run of a scenario.

    Parameters
    ----------
    scenario : the scenario as it was at step 0.
    compiled : whether the loop runs compiled, or as plain Python (`reference`), which is some thousand times slower
        and equal to the last bit; so it can be changed between two calls of `advance`. An environment without a table
        can be asked in plain Python alone.
    budget, whole : bytes to plan with (None: what this machine has for it), and edges up to which everything is traced
        before the run (see tables). Changes nothing that is learned or saved.
    progress : is told how far tracing is, and may cancel it.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        compiled: bool = True,
        budget: int | None = None,
        whole: int = WHOLE,
        progress: work.Progress | None = None,
    ) -> None:
        self.start_scenario = scenario
        self.scenario = scenario
        self.timeline = Timeline()
        self._slips = scenario.language.slip > 0
        self.tables: Tables | GymTables | SteppedTables = (
            Tables(scenario, budget, whole, progress)
            if scenario.environment is None
            else (GymTables if scenario.environment.spaces is None else SteppedTables)(
                scenario, scenario.environment, budget
            )
        )
        self.learner = learners.of(scenario.learner)
        slots = self.tables.slots
        self.learned = self.learner.new_arrays(self.tables.plan.capacity, slots)
        self._rows_begun, self._nodes_begun = 0, 2
        self._begin_rows()
        weights = [prompt.weight for prompt in scenario.starts]
        total = 0.0
        for weight in weights:
            total += weight
        cumulative, thresholds = 0.0, []
        for weight in weights:
            cumulative += weight
            thresholds.append(draws.threshold(min(1.0, cumulative / total)))
        thresholds[-1] = 2**53
        self._world = World(
            self.tables.successor,
            self.tables.reward,
            self.tables.row,
            self.tables.starts if self.stepped is None else np.zeros(1, np.uint32),
            np.array(thresholds, np.uint64),
            self.tables.offer,
            self.tables.offer_count,
            self.tables.offer_slots,
            self.tables.share,
            self.tables.amounts,
            self.tables.potentials,
            self._outcome_tables.first_outcome if self._outcome_tables else np.zeros(0, np.uint64),
            self._outcome_tables.outcome_thresholds if self._outcome_tables else np.zeros(0, np.uint64),
        )
        tape = 1 << (max(arrays.TAPE, scenario.language.max_length) - 1).bit_length()
        self.progress = Progress(
            np.zeros(arrays.COUNTERS, np.uint64),
            np.zeros(arrays.AMOUNTS),
            np.zeros(tape, np.uint64),
            np.zeros(scenario.language.max_length),
            np.zeros(tape if self._slips else 0, np.uint64),
            np.zeros(self.tables.nodes if self._outcome_tables else 0),
            np.zeros(self.tables.nodes if self._outcome_tables else 0, np.uint64),
            np.array([weight / total for weight in weights]),
            arrays.new_histories(len(scenario.rewards)),
            arrays.new_watch(),
            np.zeros(0, np.uint64),
        )
        self._values_are_known = not self._slips
        if self.tables.whole or whole >= WHOLE:
            self._find_out_values()
        self._watched_row = arrays.NO_ROW
        self.samples = Samples()
        """What it would have said up to now; nothing before the first `advance` or `moment`."""
        seed = scenario.learner.seed
        streams = (draws.EXPLORE, draws.SLOT, draws.PROMPT, draws.SLIP, draws.SLIPPED, draws.OUTCOME)
        self._keys = [np.uint64(draws.key(seed, stream)) for stream in streams]
        self.compiled = compiled
        self._loop: kernels.Loop | None = None
        self._made_for: tuple[bool, Variant] = (compiled, Variant())
        self._expected = (-1, 0.0, np.zeros(0))
        nothing = np.zeros(0, np.int64)
        self._played: tuple[NDArray[np.int64], NDArray[np.intp], float, Text | None] = nothing, nothing, 0.0, None
        first_bits = draws.draw(int(self._keys[2]), 0, 0) >> 11
        # Valuing the greedy policy says a text to every prompt; no bin is so narrow that this outweighs its training.
        # Where words slip it looks at every edge, in environments many times; then a thousand bins, all that are ever
        # full at once, take a second.
        edges_looked_at = len(self.progress.values) * _SWEEPS
        if self._slips:
            edges_looked_at = min(most_nodes(scenario, slots) * slots, WHOLE)
        work_per_bin = max(1 if self._outcome_tables else len(weights), edges_looked_at >> 18, 1)
        self._put(
            int(np.searchsorted(self._world.prompt_thresholds, np.uint64(first_bits), side="right")),
            bin_shift=(work_per_bin - 1).bit_length(),
        )

    # -- where it stands ----------------------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Steps taken."""
        return int(self.progress.counters[arrays.STEP])

    @property
    def episode(self) -> int:
        """Episodes finished."""
        return int(self.progress.counters[arrays.EPISODE])

    @property
    def position(self) -> int:
        """Words said in the episode in progress."""
        return int(self.progress.counters[arrays.POSITION])

    @property
    def prompt(self) -> int:
        """The prompt of the episode in progress."""
        return int(self.progress.counters[arrays.PROMPT])

    @property
    def words(self) -> tuple[int, ...]:
        """The words said in the episode in progress; in environments the last ones, as far as they are remembered."""
        return tuple(self.tables.words_of(self.last_edges(min(self.position, self.remembered))).tolist())

    @property
    def remembered(self) -> int:
        """How many of the last steps the tape has: fewer than the run, where that is long or was just taken up."""
        return min(len(self.progress.tape), self.step - self._remembered_from)

    def last_edges(self, count: int) -> NDArray[np.uint64]:
        """The edges taken in the last `count` steps, or their outcomes, oldest first; at most the tape's length."""
        steps = np.arange(self.step - count, self.step)
        edges: NDArray[np.uint64] = self.progress.tape[steps & (len(self.progress.tape) - 1)]
        return edges

    @property
    def _outcome_tables(self) -> GymTables | None:
        """The tables, where an edge has several outcomes whose chances are known."""
        return self.tables if isinstance(self.tables, GymTables) else None

    @property
    def stepped(self) -> SteppedTables | None:
        """The tables, where there are none but what an environment did when it was asked: each step takes its time
        then, there is no exact value, and no optimum."""
        return self.tables if isinstance(self.tables, SteppedTables) else None

    @property
    def traces(self) -> bool:
        """Whether states are traced as they are met."""
        return self.room is not None

    @property
    def room(self) -> Room | None:
        """How many states fit, where they are traced as they are met."""
        return self.tables.room if isinstance(self.tables, Tables) and not self.tables.whole else None

    @property
    def state(self) -> tuple[int, ...]:
        """What the agent sees: prompt and words, as its row is named."""
        row = int(self.tables.row[self.progress.counters[arrays.NODE]])
        return self.tables.prompt(row), *self.tables.seen(row)

    @property
    def limits(self) -> tuple[int, int]:
        """(steps, episodes) at which the scenario's stop rules end the run."""
        stop = self.scenario.stop
        return stop.steps or NO_LIMIT, stop.episodes or NO_LIMIT

    # -- going on -----------------------------------------------------------------------------------------------------

    @property
    def values_expect_slips(self) -> bool:
        """Whether greedy values are expected ones, over all the words that may slip: in scenarios of WHOLE edges at
        most, which are traced whole for that at the latest. In larger ones, a greedy value is that of the text in which
        no word slips."""
        self._find_out_values()
        return len(self.progress.order) > 0

    def _find_out_values(self) -> None:
        if not self._values_are_known:
            assert isinstance(self.tables, Tables)
            self._values_are_known = True
            if self.tables.complete():
                lengths = self.tables.length[2 : self.tables.nodes]
                order = 2 + np.argsort(-lengths, kind="stable")
                self.progress = self.progress._replace(
                    values=np.zeros(self.tables.nodes), order=order.astype(np.uint64)
                )
            self._begin_rows()

    def prepare(self) -> None:
        """Have the loop compiled or fetched, so that the first `advance` starts at once."""
        if self._loop is None or self._made_for != (self.compiled, self._variant):
            self._made_for = self.compiled, self._variant
            if self.compiled and self.stepped is None:
                self._loop = kernels.load(self.loop_kind)
            else:
                from langrl_gui.core import reference

                self._loop = reference.loop(self.learner.name, self.stepped)

    @property
    def _variant(self) -> Variant:
        restricted = self.tables.restricted
        shares_rows = restricted and self.scenario.language.context != "all"
        return Variant(restricted, shares_rows, self._slips, self._outcome_tables is not None)

    @property
    def loop_kind(self) -> kernels.Kind:
        """Which compiled loop it needs, as far as is known by now."""
        return kernels.Kind(
            self.learner.name, self._variant, (self._world, self.learned, self.progress, self._rules(0, 0))
        )

    @property
    def sweeps(self) -> bool:
        """Whether valuing the greedy policy looks at the whole table, which takes plain Python too long to wait for."""
        return self.values_expect_slips or self._outcome_tables is not None

    def advance(self, steps: int, episodes: int = NO_LIMIT, enough: Callable[[], bool] = lambda: False) -> None:
        """Learn until `steps` steps have been taken or `episodes` episodes finished, both counted from the run's start.

        Each time that an edge had to be traced, or an environment without a table was asked for some steps, `enough` is
        asked whether to come back before that.

        Raises
        ------
        TableError
            If a word leads to a state for which the table has no room, or an environment without a table fails. The run
            stands before that step, intact.
        """
        self.prepare()
        try:
            while self._advance(steps, episodes, enough) == arrays.LOOK_DUE:
                self.samples.look(self)
        finally:
            self.timeline = self.timeline.at(self.step)

    def _advance(self, steps: int, episodes: int, enough: Callable[[], bool]) -> int:
        """Go on until the loop has done that, or `enough` is; returns why it came back."""
        if self.stepped is not None:
            return self._advance_by_asking(steps, episodes, enough)
        self._world = self._world._replace(amounts=self.tables.amounts)  # it may have grown
        rules = self._rules(max(steps, self.step), episodes)
        while (reason := self._run(rules)) in (arrays.EDGE_MISSING, arrays.VALUES_WANTED):
            if reason == arrays.EDGE_MISSING:
                self.tables.trace(self.progress.counters[arrays.MISSING : arrays.MISSING + 1])
            else:
                self._find_out_values()
                rules = rules._replace(values_wanted=False)
            self._begin_rows()
            self._world = self._world._replace(amounts=self.tables.amounts)  # it may have grown
            if enough():
                break
        return reason

    def _advance_by_asking(self, steps: int, episodes: int, enough: Callable[[], bool]) -> int:
        some = 1
        while True:
            began = time.perf_counter()
            reason = self._run(self._rules(max(self.step, min(steps, self.step + some)), episodes))
            if reason != arrays.STEPS_DONE or self.step >= steps or enough():
                return reason
            some = 2 * some if time.perf_counter() - began < _UNASKED else max(1, some // 2)

    def _run(self, rules: Rules) -> int:
        if self.tables.restricted != self._made_for[1].restricted:  # the first mask was met just now
            self.prepare()
        assert self._loop is not None
        return self._loop(self._world, self.learned, self.progress, rules)

    def _settle(self) -> None:
        """Value the greedy policy at the end of a full bin, and take samples, if `advance` came back before that was
        done: a run is the same at each step, whoever stopped there. Where the table has no room, it stays undone."""
        if self.position:
            return
        full = self.episode >> int(self.progress.counters[arrays.BIN_SHIFT])
        to_be_valued = full > 0 and np.isnan(self.progress.histories.greedy_value[full - 1])
        if to_be_valued and self.stepped is None:
            with contextlib.suppress(TableError):
                self.advance(self.step)
        if self.episode >= self.progress.counters[arrays.LOOK]:
            self.samples.look(self)

    def set(self, path: str, value: float) -> None:
        """Change a LIVE field before the next step, as an event of the timeline.

        Raises
        ------
        ScenarioError
            If the field is not LIVE or the value not allowed; nothing has changed then.
        """
        if not is_live(path):
            raise ScenarioError(
                [tr("{path}: cannot change while a run goes on; these can: {live}", path=path, live=", ".join(LIVE))]
            )
        self._settle()
        changed = self.scenario.changed(path, value)
        if changed != self.scenario:
            self.scenario = changed
            self.tables.reweigh(changed)
            self.timeline = self.timeline.with_event(path, value)

    def setting_before(self, path: str) -> float:
        """The value of a LIVE field with which the last step was taken."""
        for event in reversed(self.timeline.events):
            if event.path == path and event.step < self.step:
                return event.value
        value: Any = self.start_scenario
        for key in path.split("."):
            value = getattr(value, key)
        return float(value)

    def trace_row(self, state: Sequence[int]) -> int:
        """The row that sees `state` (its prompt, then its words), traced if need be.

        Raises
        ------
        TableError
            If no text of the scenario is seen like that, or the table is full.
        """
        states = np.full((1, 1 + self.tables.width), PADDING, np.int32)
        if len(state) > states.size:
            raise TableError(tr("a state lies after the end of its text"))
        states[0, : len(state)] = state
        (row,) = self.tables.find_rows(states)
        self._begin_rows()
        return int(row)

    def watch(self, row: int | None) -> None:
        """Keep the last update of this row in `progress.watch` from now on; of none, if None. Changes nothing else."""
        number = arrays.NO_ROW if row is None else np.uint64(row)
        if number != self._watched_row:
            self._watched_row = number
            self.progress.watch.which[:] = 0

    def replay(self, timeline: Timeline, to: int, tick: Callable[[], None] = lambda: None) -> None:
        """From step 0, go along the events of `timeline` until step `to`."""
        for event in timeline.events:
            if event.step > to:
                break
            self._advance_in_slices(event.step, tick)
            self.set(event.path, event.value)
        self._advance_in_slices(to, tick)

    def _advance_in_slices(self, to: int, tick: Callable[[], None]) -> None:
        def go_on() -> bool:  # a slice in which much is traced is a long one
            tick()
            return False

        while self.step < to:
            self.advance(min(to, self.step + 1_000_000), enough=go_on)
            tick()

    def _rules(self, steps: int, episodes: int) -> Rules:
        learner = self.scenario.learner
        return Rules(
            np.uint64(self.tables.slots),
            learner.alpha,
            learner.gamma,
            np.uint64(draws.threshold(learner.explore.epsilon)),
            self._keys[0],
            self._keys[1],
            self._keys[2],
            np.uint64(steps),
            np.uint64(episodes),
            self.scenario.language.slip,
            np.uint64(draws.threshold(self.scenario.language.slip)),
            self._keys[3],
            self._keys[4],
            self._keys[5],
            np.uint64(self._outcome_tables.longest if self._outcome_tables else 0),
            self._watched_row,
            np.array([term.weight for term in self.scenario.rewards]),
            not self._values_are_known,
            *self.samples.said,
        )

    def _begin_rows(self) -> None:
        tables, slots = self.tables, self.tables.slots
        initial = self.scenario.learner.initial
        self.learner.begin_rows(self.learned, self._rows_begun, tables.rows, slots, initial)
        if tables.restricted:
            nodes = slice(self._nodes_begun, tables.nodes)
            first = tables.offer_slots[tables.offer[nodes].astype(np.int64) * slots]
            self.learned.best[tables.row[nodes]] = first  # of equals the first; told where rows are not shared
        self._rows_begun, self._nodes_begun = tables.rows, tables.nodes

    # -- what it has learned ------------------------------------------------------------------------------------------

    def greedy_slots(self, nodes: NDArray[np.integer]) -> NDArray[np.intp]:
        """The slot that the agent chooses at each node when it does its best."""
        tables = self.tables
        rows = tables.row[nodes]
        if not self._scans:
            kept: NDArray[np.intp] = self.learned.best[rows].astype(np.intp)
            return kept
        q = self.learned.q.reshape(-1, tables.slots)[rows]
        best: NDArray[np.intp] = np.where(tables.offers(nodes), q, -np.inf).argmax(axis=1)
        return best

    def best_slots(self, rows: NDArray[np.integer]) -> NDArray[np.intp]:
        """The slot of the largest value of each row; among those that were tried, where nodes with different offers
        share rows."""
        if not self._scans:
            kept: NDArray[np.intp] = self.learned.best[rows].astype(np.intp)
            return kept
        slots = self.tables.slots
        tried = self.learned.visits.reshape(-1, slots)[rows] > 0
        best: NDArray[np.intp] = np.where(tried, self.learned.q.reshape(-1, slots)[rows], -np.inf).argmax(axis=1)
        return best

    @property
    def _scans(self) -> bool:
        return self.tables.restricted and self.scenario.language.context != "all"

    def follow(self, node: int, slot: int) -> int:
        """The node that (node, slot) most likely leads to, traced if need be; END if the text ends.

        Raises
        ------
        TableError
            If the table has no room for it.
        """
        assert not isinstance(self.tables, SteppedTables)
        taken = self.tables.likeliest(node, slot)
        if self.tables.successor[taken] == UNTRACED:
            self.tables.follow(node, slot)
            self._begin_rows()
        return int(self.tables.successor[taken])

    def greedy_text(self, prompt: int) -> Text:
        """What the agent says without exploring, learning or slipping, and what that is worth at today's discount.

        In an environment: what it does where always the likeliest happens, up to the first state that comes again. The
        value is what the policy is worth in the mean, exactly, whatever happens; -inf where with gamma 1 it never ends.
        In one without a table: what it does in one episode that is played beside the run, always with the same luck,
        and what that earns.
        """
        if self.stepped is not None:
            return self._played_text(self.stepped)
        if self._outcome_tables is not None:
            return self._likeliest_text(self._outcome_tables, prompt)
        assert isinstance(self.tables, Tables)
        words: list[int] = []
        gains: list[float] = []
        place: Place | None = self.tables.start_of(prompt)
        while place is not None:
            word, gain, place = self.tables.look(place, self._best_slot(self.tables, place))
            words.append(word)
            gains.append(gain)
        said = _text(prompt, words, gains, self.scenario.learner.gamma)
        return said._replace(value=self._expected_value(prompt)) if self.values_expect_slips else said

    def _likeliest_text(self, tables: GymTables, prompt: int) -> Text:
        done = tables.likeliest_path(prompt, self.learned.best)
        words, gains = tables.words_of(done).tolist(), tables.reward[done].tolist()
        said = _text(prompt, words, gains, self.scenario.learner.gamma)
        ends = bool(done.size) and int(tables.successor[done[-1]]) == END
        return said._replace(value=self._expected_value(prompt), ends=ends)

    def _played_text(self, stepped: SteppedTables) -> Text:
        gamma = self.scenario.learner.gamma
        nodes, slots, for_gamma, text = self._played
        if text is None or for_gamma != gamma or not np.array_equal(self.greedy_slots(nodes), slots):
            done = list(stepped.rehearse(self._greedy_slot))
            text = _text(0, [each.slot for each in done], [each.reward for each in done], gamma)
            text = text._replace(start=(0, int(self.tables.row[done[0].node])))
            nodes = np.array([each.node for each in done], np.int64)
            self._played = nodes, self.greedy_slots(nodes), gamma, text
        return text

    def _greedy_slot(self, node: int) -> int:
        return int(self.learned.best[self.tables.row[node]])

    def greedy_nodes(self, prompt: int) -> NDArray[np.int64]:
        """The nodes that the greedy text of a prompt passes, traced if need be.

        Raises
        ------
        TableError
            If the table has no room for them.
        """
        if self.stepped is not None:
            self._played_text(self.stepped)
            return self._played[0]
        node, nodes = int(self.tables.starts[prompt]), dict[int, None]()
        while node != END and node not in nodes:  # in an environment it may go round for ever
            nodes[node] = None
            node = self.follow(node, int(self.greedy_slots(np.array([node]))[0]))
        return np.array(list(nodes), np.int64)

    def estimate(self) -> Estimate | None:
        """What the greedy policy is worth in an environment without a table, by playing it beside the run: with the
        same luck each time, and at today's discount. None where the value is known exactly.

        Raises
        ------
        TableError
            If the environment fails.
        """
        if self.stepped is None:
            return None
        values, steps, gamma = list[float](), 0, self.scenario.learner.gamma
        while len(values) < _ESTIMATED[0] and steps < _ESTIMATED[1]:
            gains = [done.reward for done in self.stepped.rehearse(self._greedy_slot, len(values))]
            values.append(_text(0, [], gains, gamma).value)
            steps += len(gains)
        error = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else math.inf
        return Estimate(float(np.mean(values)), error, len(values))

    def _best_slot(self, tables: Tables, place: Place) -> int:
        row = tables.row_at(place)
        if row >= 0 and not self._scans:
            return int(self.learned.best[row])
        offered = np.flatnonzero(tables.offers_at(place))
        if row < 0:  # nothing has been learned there, so that all are equally good
            return int(offered[0])
        return int(offered[self.learned.q[row * tables.slots + offered].argmax()])

    def _expected_value(self, prompt: int) -> float:
        """The greedy policy's expected value, words slipping as they do; everything is traced."""
        tables, gamma, slip = self.tables, self.scenario.learner.gamma, self.scenario.language.slip
        if self._expected[:2] != (self.step, gamma) and isinstance(tables, GymTables):
            assert self.scenario.environment is not None
            policy = self.learned.best[: tables.rows].astype(np.intp)
            values = mdp.evaluate(self.scenario.environment.table.mdp, policy, gamma)
            self._expected = (self.step, gamma, values[tables.row[tables.starts]])
        if self._expected[:2] != (self.step, gamma):
            assert isinstance(tables, Tables)
            values = np.zeros(tables.nodes)
            lengths = tables.length[2 : tables.nodes]
            for length in range(int(lengths.max()), -1, -1):
                nodes = 2 + np.flatnonzero(lengths == length)
                edges = nodes[:, None] * tables.slots + np.arange(tables.slots)
                following = tables.successor[edges]
                each = tables.reward[edges]
                goes_on = following != END
                each[goes_on] = each[goes_on] + gamma * values[following[goes_on]]
                offered = tables.offers(nodes)
                total = np.zeros(len(nodes))
                for slot in range(tables.slots):  # in the loop's order, so that the sum is the loop's
                    total = np.where(offered[:, slot], total + each[:, slot], total)
                best = each[np.arange(len(nodes)), self.greedy_slots(nodes)]
                values[nodes] = (1.0 - slip) * best + slip * (total / np.count_nonzero(offered, axis=1))
            self._expected = (self.step, gamma, values[tables.starts])
        return float(self._expected[2][prompt])

    def visited_rows(self) -> NDArray[np.intp]:
        """The rows in which the agent has learned anything, in ascending order of (prompt, words)."""
        slots, rows = self.tables.slots, self.tables.rows
        visited = np.flatnonzero(self.learned.visits[: rows * slots].reshape(rows, slots).any(axis=1))
        order: NDArray[np.intp] = visited[self.tables.row_order(visited)]
        return order

    @property
    def cells_visited(self) -> int:
        """Cells of the table that were learned from at least once."""
        return int(np.count_nonzero(self.learned.visits[: self.tables.rows * self.tables.slots]))

    def moment(self) -> Moment:
        """A copy of everything that makes the run what it is now."""
        self._settle()
        slots = self.tables.slots
        rows = self.visited_rows()
        counters, histories = self.progress.counters, self.progress.histories
        shift = int(counters[arrays.BIN_SHIFT])
        bins, full = -(-self.episode >> shift), self.episode >> shift
        if self.stepped is not None:
            full = 0
        elif full and np.isnan(histories.greedy_value[full - 1]):
            full -= 1
        return Moment(
            self.timeline,
            self.step,
            self.episode,
            self.prompt,
            self.words if isinstance(self.tables, Tables) else (*self.state[1:], *self._actions),
            self.position,
            tuple(self.progress.amounts.tolist()),
            shift,
            self.tables.states[rows],
            self.tables.offered_words(rows),
            self.learned.q.reshape(-1, slots)[rows],
            self.learned.visits.reshape(-1, slots)[rows],
            {
                name: getattr(histories, name)[: full if name in arrays.AT_BIN_ENDS else bins].copy()
                for name in histories._fields
            },
            None if self.stepped is None else self.stepped.moment(),
            self.samples.so_far() if self.samples.from_start else None,
        )

    @property
    def _actions(self) -> tuple[int, ...]:
        """Where an environment has to be asked again, what was done since the episode began."""
        return () if self.stepped is None else self.stepped.actions

    def state_hash(self) -> str:
        """SHA-256 over what was learned and where the run stands: equal for equal runs, however they were made."""
        return state_hash(self.moment())

    # -- taking up a saved run ----------------------------------------------------------------------------------------

    @classmethod
    def of_moment(cls, scenario: Scenario, moment: Moment, **options: Any) -> "Trainer":
        """The run of `scenario` (as it was at step 0) that stands at `moment`.

        Raises
        ------
        TableError
            If the moment has states or words that the scenario has not, or an environment without a table is not here,
            or does other things now than it did.
        """
        trainer = cls(scenario, **options)
        if trainer.stepped is not None:
            assert moment.found is not None
            trainer.stepped.remember(moment.found)
        slots = trainer.tables.slots
        for event in moment.timeline.events:
            trainer.scenario = trainer.scenario.changed(event.path, event.value)
        trainer.tables.reweigh(trainer.scenario)
        trainer.timeline = moment.timeline
        rows = trainer.tables.find_rows(moment.states)
        trainer._begin_rows()
        trainer.learned.q.reshape(-1, slots)[rows] = moment.q
        trainer.learned.visits.reshape(-1, slots)[rows] = moment.visits
        offered = trainer.tables.row_offers(rows)
        trainer.learner.restore(trainer.learned, rows, slots, offered)
        if not _equal(moment.offered, trainer.tables.offered_words(rows)):
            raise TableError(tr("the run offers other words than its scenario does; use another copy of it"))
        for name, values in moment.histories.items():
            getattr(trainer.progress.histories, name)[: len(values)] = values
        trainer._put(
            moment.prompt,
            moment.words,
            moment.step,
            moment.episode,
            moment.amounts,
            moment.bin_shift,
            moment.position,
        )
        trainer.samples = Samples.of(moment.samples)
        if moment.samples is None:
            trainer.samples.look(trainer)
        return trainer

    def _put(
        self,
        prompt: int,
        words: tuple[int, ...] = (),
        step: int = 0,
        episode: int = 0,
        amounts: tuple[float, ...] = (0.0,) * arrays.AMOUNTS,
        bin_shift: int = 0,
        position: int = 0,
    ) -> None:
        """Stand within an episode: `words` said to `prompt`, the last of them at step number `step`."""
        tables, progress = self.tables, self.progress
        taken: list[int] = []  # what the tape remembers
        if isinstance(tables, SteppedTables):
            if words:
                state, *actions = words
                node, taken = tables.take_up(episode, state, actions, amounts[arrays.RETURN])
            else:
                node = tables.begin(episode)
        elif isinstance(tables, GymTables):
            node = tables.node_after(prompt, words) if words else int(tables.starts[prompt])
        else:
            node = int(tables.starts[prompt])
            for word in words:
                slot = tables.slot_of(node, word)
                taken.append(node * tables.slots + slot)
                node = tables.follow(node, slot)
        taken = taken[-len(progress.tape) :]
        self._remembered_from = step - len(taken)
        progress.tape[np.arange(self._remembered_from, step) & (len(progress.tape) - 1)] = taken
        self._begin_rows()
        counters = progress.counters
        counters[arrays.STEP], counters[arrays.EPISODE], counters[arrays.NODE] = step, episode, node
        counters[arrays.POSITION], counters[arrays.PROMPT] = position, prompt
        counters[arrays.BIN_SHIFT] = bin_shift
        counters[arrays.LOOK] = look_after(episode if position else episode - 1)
        progress.amounts[:] = amounts


def state_hash(moment: Moment) -> str:
    """SHA-256 over the visited rows of Q and visits, and where the run stands; see design of run files."""
    digest = hashlib.sha256()
    stand = {
        "step": moment.step,
        "episode": moment.episode,
        "prompt": moment.prompt,
        "words": list(moment.words),
        "position": moment.position,
        "return": moment.amounts[arrays.RETURN],
    }
    digest.update(json.dumps(stand, sort_keys=True, separators=(",", ":")).encode())
    for name, values, kind in (
        ("states", moment.states, "<i4"),
        ("offered", moment.offered, "<u4"),
        ("q", moment.q, "<f8"),
        ("visits", moment.visits, "<u8"),
    ):
        if values is None:
            continue
        digest.update(f"{name} {values.shape}".encode())
        digest.update(np.ascontiguousarray(values, kind).tobytes())
    return digest.hexdigest()


def _equal(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)


def _text(prompt: int, words: list[int], gains: list[float], gamma: float) -> Text:
    value = total = 0.0
    for gain in reversed(gains):
        value = gain + gamma * value
    for gain in gains:
        total += gain
    return Text(prompt, tuple(words), value, total)
