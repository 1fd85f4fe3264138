"""The run that a window shows, and the threads that work on it: nothing else but `side_work` knows of threads.

Commands go in and are applied between two slices; snapshots come out through a mailbox with one place, in which the
latest wins. Rare facts (state changed, failed, saved) are signals. Nothing here draws.
"""

import functools
import math
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from PySide6.QtCore import QObject, QThread, Signal, Slot

from langrl_gui.core import context, exports, gym, kernels, memory, oracle, runfile, saying, scenario
from langrl_gui.core.errors import LangrlError
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.runfile import Run
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Observer, Snapshot, Update, Wanted, find_update
from langrl_gui.core.timeline import START, Address, Timeline
from langrl_gui.core.trainer import NO_LIMIT, Trainer
from langrl_gui.core.work import Cancelled, told_to, within
from langrl_gui.ui.selection import State
from langrl_gui.ui.side_work import Progress, SideWork, Task, Work, report

SLICE: Final = 0.008
"""Seconds that the loop runs between two looks at the commands: short enough that a click seems to act at once."""
FRAME: Final = 1 / 60
"""Seconds between two slices where the speed is limited: nothing finer can be seen."""
ASIDE: Final = 2
"""Threads for what views want to see and takes long, as sorting does: no list is to wait for an optimum."""
LONGEST_PICTURE: Final = 0.03
"""Seconds for which tracing makes way for a picture that is being drawn. Both are Python, of which only one runs at a
time: without that, each picture would take as long as both."""
A_MOMENT: Final = 0.0005
FULL_SPEED: Final = math.inf
FIRST_SLICE: Final = 200
"""Steps of the first slice, before it is known how fast the machine is: no long one in plain Python either."""

PROBE: Final = 0.2
"""Seconds after which it is known how long the way back to an update will be."""
PATIENCE: Final = 0.5
"""Seconds that nobody minds, and which are spent unasked."""

LONGEST_SEARCH: Final = 120.0
"""Seconds after which the search for the optimum, and that for what the context costs, is given up: twice what the
command line waits, for a run may go on beside it."""

# What a run is doing. `tr` is applied where it is shown.
OPENING, READY, RUNNING, PAUSED, FINISHED, FAILED = "opening", "ready", "running", "paused", "finished", "failed"

# Kinds of side work, and what they are called for people.
OPTIMUM: Final = N_("Finding the optimum")
CONTEXT: Final = N_("Examining the context")
CORPUS: Final = N_("Reading the corpus")
SAVE: Final = N_("Saving")
EXPORT: Final = N_("Exporting")
FIND_UPDATE: Final = N_("Finding the last update")
FIND_PAINTER: Final = N_("Preparing the environment's picture")


class _Opening:
    """How far the opening of a run is: shown like side work, though the run's own thread does it."""

    must_end = False

    def __init__(self, what: str) -> None:
        self.title = self._what = what
        self.fraction = -1.0
        self._cancelled = threading.Event()

    def progress(self, fraction: float) -> bool:
        self.title, self.fraction = self._what, fraction
        return not self.is_cancelled

    def tell(self, part: str, fraction: float) -> bool:
        """What goes on in a part of it that is not tracing."""
        self.title, self.fraction = tr("{what}: {part}", what=self._what, part=part), fraction
        return not self.is_cancelled

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()


@dataclass(frozen=True)
class _Open:
    what: Path | Scenario
    source: Path | None
    recovered: bool
    opening: _Opening


@dataclass(frozen=True)
class _Reset:
    opening: _Opening


@dataclass(frozen=True)
class _Copy:
    """The run as it is then, for side work; `then` is called with it on the session's thread."""

    then: Callable[[Run], None]


@dataclass(frozen=True)
class _Set:
    path: str
    value: float


@dataclass(frozen=True)
class _Go:
    """Run to the stop rule, at the speed that is set or at once; or for some steps, or to the end of the episode."""

    steps: int | None = None
    episode: bool = False
    at_once: bool = False
    endless: bool = False


class _Pause:
    pass


class _Hash:
    pass


@dataclass(frozen=True)
class _Say:
    prompt: int
    seed: int | None


@dataclass(frozen=True)
class _FindUpdate:
    state: State
    insists: bool


@dataclass(frozen=True)
class _Remember:
    run: int
    update: Update


class _Close:
    pass


@dataclass(frozen=True)
class _Opened:
    """A run stands ready: its number, its scenario, where it came from, and where it stands."""

    run: int
    scenario: Scenario
    source: Path | None
    file: Path | None
    saved_at: Address | None


_Made = TypeVar("_Made")
_Command = _Open | _Copy | _Set | _Go | _Pause | _Reset | _Hash | _Say | _FindUpdate | _Remember | _Close


class Session(QObject):
    """One run, from opening to closing. All methods return at once.

    Signals
    -------
    opened(Scenario) : a run of this scenario stands ready, and where it came from is known; snapshots of older runs
        will not come any more.
    state_changed(str) : one of OPENING and its siblings.
    failed(str, str) : a sentence for the user, and details to copy.
    saved(str), scenario_saved(str) : the run, or the scenario that was given, is in this file, whole.
    optimum_found(oracle.Solution or None) : if None, `unsolved` says why.
    painter_found(gym.Painter or None) : what draws pictures of the environment that was opened.
    compiling(bool) : whether the loop is being compiled, which happens once on a machine and takes seconds; until it
        is, steps are taken in plain Python.
    compiled() : the run that was opened last has its compiled loop from now on, or the one that it stays with.
    sight_found(Sight) : what the scenario's context costs; see `sight`.
    """

    opened = Signal(object)
    state_changed = Signal(str)
    failed = Signal(str, str)
    saved = Signal(str)
    scenario_saved = Signal(str)
    exported = Signal(str)
    hashed = Signal(str)
    changed = Signal(object)
    """A live field was set, or refused: the scenario as it is now."""
    optimum_found = Signal(object)
    painter_found = Signal(object)
    compiling = Signal(bool)
    compiled = Signal()
    sight_found = Signal(object)
    said = Signal(object)
    """What was asked for by `say`: a saying.Answer."""
    finding = Signal(bool, float)
    """Whether a last update is being looked for; if not, the seconds that it would take, or 0 where it was found, or
    given up."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = _Worker(self)
        self.side = SideWork(self, self._worker.make_way)
        """What goes on beside the run."""
        self._worker.opened.connect(self._on_opened)
        self._worker.state_changed.connect(self._on_state)
        self._worker.failed.connect(self._on_failed)
        self._worker.copied.connect(self._on_copied)
        self._worker.hashed.connect(self.hashed)
        self._worker.changed.connect(self._on_changed)
        self._worker.said.connect(self.said)
        self._worker.goes_back.connect(self._on_goes_back)
        self._worker.compiling.connect(self.compiling)
        self._worker.compiled.connect(self.compiled)
        self.state = OPENING
        self._run = 0
        self.scenario: Scenario | None = None
        self.source: Path | None = None
        """The file that was opened, of a scenario or a run."""
        self.file: Path | None = None
        """The file in which the run was last saved."""
        self.saved_at: Address | None = None
        """Where the run stood when it was last saved or begun; None: it never was."""
        self.saved_scenario: Scenario | None = None
        """The scenario then."""
        self.address: Address | None = None
        """Where it stood in the snapshot that was taken last."""
        self.is_saving = False
        self._learned = 0.0
        self._learning_since: float | None = None
        self.solution: oracle.Solution | None = None
        self.unsolved = ""
        """Why no optimum was found where there may be one; empty where it is being looked for."""
        self.sight: context.Sight | str | None = None
        """What the scenario's context costs, or why that cannot be told; None where it is not known yet, and where the
        agent sees the whole text."""
        self._solver: Task | None = None
        self._examiner: Task | None = None
        self._finder: Task | None = None
        self._opening: _Opening | None = None

    # -- commands -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads; commands given before wait for it."""
        self._worker.start()

    def open(self, what: Path | Scenario, source: Path | None = None, recovered: bool = False) -> None:
        """Open a scenario, or the file of one or of a run, in place of the run there is; that one stays if it fails.
        What was to be opened before that is not opened any more.

        Parameters
        ----------
        source : the file that the scenario `what` came from.
        recovered : `what` is a copy that was kept of a run, and not where that was saved.
        """
        if self._opening is not None:
            self._opening.cancel()
        self._opening = _Opening(tr("Opening"))
        self._worker.commands.put(_Open(what, source, recovered, self._opening))

    def run(self, at_once: bool = False, endless: bool = False) -> None:
        """Go on to the stop rule, `at_once` whatever the speed is set to; a finished run goes on as far again.

        `endless`: without a stop rule.
        """
        self._worker.commands.put(_Go(at_once=at_once, endless=endless))

    def pause(self) -> None:
        self._worker.commands.put(_Pause())

    def step(self, steps: int = 1) -> None:
        """Take so many steps and pause."""
        self._worker.commands.put(_Go(steps=steps))

    def step_episode(self) -> None:
        """Go on to the end of the episode and pause."""
        self._worker.commands.put(_Go(episode=True))

    def reset(self) -> None:
        """Back to step 0 of the scenario as it is set now, everything unlearned; cancelled, the run stays."""
        self._worker.commands.put(_Reset(_Opening(tr("Starting anew"))))

    def set(self, path: str, value: float) -> None:
        """Change a live field between two slices, as an event of the run."""
        self._worker.commands.put(_Set(path, value))

    def set_speed(self, steps_per_second: float) -> None:
        """How fast to go: FULL_SPEED, or a number."""
        self._worker.speed = steps_per_second
        self._worker.at_once = False

    @property
    def at_full_speed(self) -> bool:
        """Whether a run goes on as fast as the machine does."""
        return self._worker.at_once or self._worker.speed == FULL_SPEED

    def copy(self, then: Callable[[Run], None]) -> None:
        """Call `then` with the run as it will stand between two slices: what side work is done on. Nothing waits."""
        self._worker.commands.put(_Copy(then))

    def save(self, path: Path) -> None:
        """Write the run into this file; it goes on meanwhile."""
        self.is_saving = self.scenario is not None
        self.copy(functools.partial(self._save, path))

    def save_scenario(self, path: Path, scenario: Scenario) -> None:
        """Write a scenario into this file, from now on the one that the run's came from."""
        self.is_saving = True
        task = self.side.new(SAVE, tr(SAVE), lambda _: exports.write_scenario(path, scenario))
        task.must_end = True
        task.done.connect(lambda _: self._on_scenario_saved(path, scenario))
        self._start(task)

    def export(self, path: Path, kind: str) -> None:
        """Write the run's table or scenario as one of exports.KINDS."""
        self.copy(functools.partial(self._export, path, kind))

    def hash(self) -> None:
        """Ask for the state hash; it comes as `hashed`."""
        self._worker.commands.put(_Hash())

    def say(self, prompt: int, seed: int | None = None) -> None:
        """Have the agent answer to the prompt with this number, by its table as it is between two slices; exploring
        with the luck of `seed`, if there is one. The answer comes as `said`."""
        self._worker.commands.put(_Say(prompt, seed))

    def find_update(self, state: State, insists: bool = False) -> None:
        """Go once more from the start of the run, beside it, to the last update of the state that is inspected; it
        comes with the snapshots. What takes more than PATIENCE is done only if one `insists`."""
        self._worker.commands.put(_FindUpdate(state, insists))

    @Slot()
    def stop_finding(self) -> None:
        """Look for no update any more."""
        self.side.cancel(FIND_UPDATE)

    def look(self, wanted: Wanted) -> None:
        """What the next snapshots shall hold."""
        self._worker.wanted = wanted

    def begin_picture(self) -> None:
        """A picture is being drawn: let tracing and side work wait for it, a moment at most."""
        self._worker.gives_way_until = time.perf_counter() + LONGEST_PICTURE

    def end_picture(self) -> None:
        """It has been drawn."""
        self._worker.gives_way_until = 0.0

    def take(self) -> Snapshot | None:
        """The latest snapshot, if there is one that has not been taken."""
        snapshot = self._worker.mailbox.take(self._run)
        if snapshot is not None:
            self.address = snapshot.address
        return snapshot

    def going_on(self) -> list[Work]:
        """What takes a while and people may cancel, the oldest first."""
        opening = self._worker.opening
        first: list[Work] = [opening] if opening is not None and not opening.is_cancelled else []
        return first + list(self.side.running)

    @property
    def limits(self) -> tuple[int, int]:
        """(steps, episodes) at which the run ends."""
        return self._worker.limits

    def close(self) -> None:
        """Stop everything and wait for it. The session cannot be used afterwards."""
        self._worker.closing.set()
        if self._worker.opening is not None:
            self._worker.opening.cancel()
        self._worker.commands.put(_Close())
        self.side.close()
        self._worker.wait()
        for pool in self._worker.pools:
            pool.shutdown(cancel_futures=True)

    @property
    def seconds_learned(self) -> float:
        """For how long it has learned since it was last saved or begun."""
        return self._learned + (time.monotonic() - self._learning_since if self._learning_since is not None else 0.0)

    # -- facts from the worker ----------------------------------------------------------------------------------------

    @Slot(object)
    def _on_opened(self, opened: _Opened) -> None:
        self._run, self.scenario, self.saved_scenario = opened.run, opened.scenario, opened.scenario
        self.source, self.file, self.saved_at = opened.source, opened.file, opened.saved_at
        self.address = None
        self._forget_time()
        self.stop_finding()
        self._solve(opened.scenario)
        self.opened.emit(opened.scenario)

    @Slot(object)
    def _on_changed(self, scenario: Scenario) -> None:
        before, self.scenario = self.scenario, scenario
        if before is None or (before.learner.gamma, before.rewards) != (scenario.learner.gamma, scenario.rewards):
            self._solve(scenario)  # what is best depends on the discount and on the weights of the rewards
        self.changed.emit(scenario)

    @Slot(object, object)
    def _on_copied(self, then: Callable[[Run], None], run: Run) -> None:
        then(run)

    def _save(self, path: Path, run: Run) -> None:
        number, scenario = self._run, self.scenario
        task = self.side.new(f"{SAVE} {path}", tr(SAVE), lambda _: runfile.write(path, run))
        task.must_end = True
        task.done.connect(lambda _: self._on_saved(number, path, run.moment.timeline.pointer, scenario))
        self._start(task, instead=True)  # of earlier ones into this file that wait for their turn

    def _on_saved(self, number: int, path: Path, where: Address, scenario: Scenario | None) -> None:
        if number == self._run:  # and not one that took its place meanwhile
            self.file, self.saved_at, self.saved_scenario = path, where, scenario
            self._forget_time()
        self.is_saving = False
        self.saved.emit(str(path))

    def _on_scenario_saved(self, path: Path, scenario: Scenario) -> None:
        self.source, self.saved_scenario, self.is_saving = path, scenario, False
        self.scenario_saved.emit(str(path))

    def find_painter(self, scenario: Scenario) -> None:
        """Look for what draws the environment's own picture; `painter_found` says what came of it."""
        self.side.cancel(FIND_PAINTER)
        if (environment := scenario.environment) is not None:
            work = functools.partial(gym.painter, environment, environment.imports)
            task = self.side.new(FIND_PAINTER, tr(FIND_PAINTER), lambda _: work())
            task.done.connect(self.painter_found)
            self._start(task)

    def _export(self, path: Path, kind: str, run: Run) -> None:
        task = self.side.new(EXPORT, tr(EXPORT), lambda _: exports.write(path, kind, run))
        task.done.connect(lambda _: self.exported.emit(str(path)))
        self._start(task)

    def _start(self, task: Task, *, instead: bool = False) -> None:
        task.failed.connect(self._on_failed)
        self.side.start(task, instead=instead)

    @Slot(str, str)
    def _on_failed(self, sentence: str, details: str) -> None:
        self.is_saving = False
        self.failed.emit(sentence, details)

    def _forget_time(self) -> None:
        self._learned = 0.0
        if self._learning_since is not None:
            self._learning_since = time.monotonic()

    @Slot(str)
    def _on_state(self, state: str) -> None:
        self._learned = self.seconds_learned
        self._learning_since = time.monotonic() if state == RUNNING else None
        self.state = state
        self.state_changed.emit(state)

    def _solve(self, scenario: Scenario) -> None:
        self.solution = self.sight = None
        self.unsolved = ""
        self._solver = task = self.side.new(OPTIMUM, tr(OPTIMUM), functools.partial(_solution, scenario))
        task.done.connect(self._on_solved)
        task.finished.connect(self._on_search_cancelled)
        self._start(task, instead=True)
        self.side.cancel(CONTEXT)
        self._examiner = None
        if context.is_short(scenario):
            self._examiner = task = self.side.new(CONTEXT, tr(CONTEXT), functools.partial(_sight, scenario))
            task.done.connect(self._on_examined)
            task.finished.connect(self._on_search_cancelled)
            self._start(task)

    @Slot()
    def _on_search_cancelled(self) -> None:
        """Somebody has cancelled one of the searches: what was cancelled for another's sake is not the one known."""
        if self._solver is not None and self._solver.isFinished() and self._solver.is_cancelled():
            self._solver = None
            self._on_solved(tr("the search was cancelled"))
        if self._examiner is not None and self._examiner.isFinished() and self._examiner.is_cancelled():
            self._examiner = None
            self._on_examined(tr("the search was cancelled"))

    @Slot(object)
    def _on_examined(self, sight: context.Sight | str | None) -> None:
        self.sight = sight
        self.sight_found.emit(sight)

    @Slot(object)
    def _on_solved(self, found: oracle.Solution | str | None) -> None:
        self.solution = found if isinstance(found, oracle.Solution) else None
        self.unsolved = found if isinstance(found, str) else ""
        self.optimum_found.emit(self.solution)

    @Slot(object)
    def _on_goes_back(self, way: Callable[[Progress], "_Found"]) -> None:
        self._finder = task = self.side.new(FIND_UPDATE, tr(FIND_UPDATE), way)
        task.finished.connect(self._on_search_ended)
        task.done.connect(self._on_found)
        self.finding.emit(True, 0.0)
        self._start(task, instead=True)

    @Slot()
    def _on_search_ended(self) -> None:
        if self._finder is not None and self._finder.isFinished():
            self._finder = None
            self.finding.emit(False, 0.0)

    @Slot(object)
    def _on_found(self, found: "_Found") -> None:
        if found.update is not None:
            self._worker.commands.put(_Remember(self._run, found.update))
        elif found.seconds:
            self.finding.emit(False, found.seconds)


class _Mailbox:
    """One place; the latest wins. Runs are numbered: nobody is given a snapshot of a run not yet heard of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._content: Snapshot | None = None
        self._run = 0

    def put(self, run: int, snapshot: Snapshot | None) -> None:
        with self._lock:
            self._run, self._content = run, snapshot

    def take(self, run: int) -> Snapshot | None:
        with self._lock:
            if run != self._run:
                return None
            content, self._content = self._content, None
            return content

    def is_empty(self) -> bool:
        return self._content is None


class _Worker(QThread):
    """Owns the trainer. Nobody else touches it."""

    opened = Signal(object)
    state_changed = Signal(str)
    failed = Signal(str, str)
    copied = Signal(object, object)
    hashed = Signal(str)
    changed = Signal(object)
    said = Signal(object)
    goes_back = Signal(object)
    compiling = Signal(bool)
    compiled = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.commands: queue.SimpleQueue[_Command] = queue.SimpleQueue()
        self.mailbox = _Mailbox()
        self.closing = threading.Event()
        self.wanted = Wanted()
        self.gives_way_until = 0.0
        """Until when tracing waits for a picture."""
        self.opening: _Opening | None = None
        """What is being opened."""
        self.speed = FULL_SPEED
        self.at_once = False
        self.limits = (NO_LIMIT, NO_LIMIT)
        self._run = 0
        self._trainer: Trainer | None = None
        self._source: Path | None = None
        self._observer: Observer | None = None
        self.pools = self._aside, self._fetcher = _pool(ASIDE, "aside"), _pool(1, "fetcher")
        self._fetching: Future[None] | None = None
        self._seen: Wanted | None = None
        self._shown: tuple[int, Timeline] | None = None
        self._was_running = False
        self._state = OPENING
        self._until: tuple[int, int] = (0, 0)
        self._rate = FIRST_SLICE / SLICE
        self._behind = 0.0
        self._since = 0.0

    # -- the thread ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        self._work()
        if self._observer is not None:
            self._observer.close()

    def _work(self) -> None:
        while not self.closing.is_set():
            try:
                self._obey(self._next_command())
                self._take_up_loop()
                if self._state == RUNNING:
                    self._advance()
                self._show()
            except LangrlError as error:
                self._fail(str(error), "")
            except Exception as error:  # whatever happens in here becomes one event; the window goes on
                self._fail(*report(error))

    def _next_command(self) -> _Command | None:
        """The next command; None where a slice is due first."""
        try:
            if self._state != RUNNING:
                return self.commands.get(timeout=FRAME if self._expects_pictures() else 0.1)
            if self._unlimited():
                return self.commands.get_nowait()
            return self.commands.get(timeout=max(0.0, min(FRAME, (1.0 - self._behind) / self.speed)))
        except queue.Empty:
            return None

    def _expects_pictures(self) -> bool:
        """Whether there will soon be something new to show, although the run rests."""
        return self._seen is not self.wanted or (self._observer is not None and self._observer.waits)

    def _obey(self, command: _Command | None) -> None:
        trainer = self._trainer
        match command:
            case _Open():
                self._open(command)
            case _Copy(then) if trainer is not None:
                self.copied.emit(then, runfile.of_trainer(trainer))
            case _Hash() if trainer is not None:
                self.hashed.emit(trainer.state_hash())
            case _Set(path, value) if trainer is not None:
                try:
                    trainer.set(path, value)
                finally:
                    self.changed.emit(trainer.scenario)
                self._seen = None
            case _Say(prompt, seed) if trainer is not None and prompt < len(trainer.scenario.starts):
                try:
                    self.said.emit(saying.answer(trainer, prompt, seed))
                except LangrlError as error:  # an answer that cannot be given stops no run
                    self.failed.emit(str(error), "")
            case _FindUpdate(state, insists) if trainer is not None:
                way = functools.partial(find_update, trainer.start_scenario, trainer.timeline, trainer.step, state)
                self.goes_back.emit(functools.partial(_go_back, way, insists))
            case _Remember(run, update) if run == self._run and self._observer is not None:
                self._observer.remember(update)
                self._seen = None
            case _Go() if trainer is not None:
                self._go(trainer, command)
            case _Pause() if self._state == RUNNING:
                self._enter(PAUSED)
            case _Reset(opening) if trainer is not None:
                anew = self._made(opening, lambda: Trainer(trainer.scenario, progress=opening.progress))
                if anew is not None:
                    # Without a file: saving it must not write over what was learned.
                    self._begin(anew, self._source, None, START)

    def _made(self, opening: _Opening, make: Callable[[], _Made]) -> _Made | None:
        """What `make` makes in place of the run there is, which stays where that fails or is cancelled: then None."""
        if self.closing.is_set() or opening.is_cancelled:
            return None
        state, self.opening = self._state, opening
        self._enter(OPENING)
        try:
            with told_to(opening.tell):
                return make()
        except Exception as error:
            self._enter(state if self._trainer is not None else FAILED)
            if not isinstance(error, Cancelled):
                raise
            return None
        finally:
            self.opening = None

    def _open(self, command: _Open) -> None:
        made = self._made(command.opening, functools.partial(self._read, command))
        if made is None:
            return
        trainer, is_run = made
        if command.recovered:
            self._begin(trainer, None, None, None)
        else:
            source = command.source if isinstance(command.what, Scenario) else command.what
            self._begin(trainer, source, source if is_run else None, trainer.timeline.pointer)

    @staticmethod
    def _read(command: _Open) -> tuple[Trainer, bool]:
        """The run, and whether it came from the file of one."""
        what, opening = command.what, command.opening
        run: Run | None = None
        if not isinstance(what, Scenario):
            if runfile.is_run(what):
                run = runfile.read(what)
            else:
                what = scenario.load(what)
        if opening.is_cancelled:
            raise Cancelled
        if run is not None:
            return runfile.to_trainer(run, opening.progress), True
        assert isinstance(what, Scenario)
        return Trainer(what, progress=opening.progress), False

    def _begin(self, trainer: Trainer, source: Path | None, file: Path | None, saved_at: Address | None) -> None:
        if self._observer is not None:
            self._observer.close()
        replaces = self._trainer is not None
        self._trainer, self._observer, self._seen = trainer, Observer(trainer, self._aside), None
        if replaces:
            memory.give_back()
        self._source = source
        self.limits = trainer.limits
        self._run += 1
        self.mailbox.put(self._run, None)
        self.opened.emit(_Opened(self._run, trainer.scenario, source, file, saved_at))
        self._enter(PAUSED if trainer.step else READY)
        self._show()
        self._fetch_loop(trainer)

    def _fetch_loop(self, trainer: Trainer) -> None:
        """Have the compiled loop fetched; steps are taken in plain Python meanwhile: nobody waits to see one."""
        if self._fetching is not None:
            self._fetching.cancel()
        self._fetching = None
        if trainer.stepped is not None:  # plain Python it stays
            self.compiled.emit()
            return
        kind = trainer.loop_kind
        if kernels.is_loaded(kind):
            self.compiled.emit()
        else:
            trainer.compiled = False
            self._fetching = self._fetcher.submit(self._load, kind)

    def _load(self, kind: kernels.Kind) -> None:
        """Runs on a thread of its own. Compiling afresh is done by a process of its own, so that the window stays
        smooth and can close at any time."""
        if not kernels.is_compiled(kind) and not getattr(sys, "frozen", False):
            self.compiling.emit(True)
            child = subprocess.Popen(kernels.command(kind), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                while child.poll() is None:
                    if self.closing.wait(0.02):
                        return
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
                self.compiling.emit(False)
        kernels.load(kind)

    def _take_up_loop(self) -> None:
        """Go on with the compiled loop if it has come."""
        if self._trainer is not None and self._fetching is not None and self._fetching.done():
            fetching, self._fetching = self._fetching, None
            fetching.result()
            self._trainer.compiled = True
            self.compiled.emit()

    def _go(self, trainer: Trainer, go: _Go) -> None:
        if go.steps is not None:
            self._until = (trainer.step + go.steps, NO_LIMIT)
        elif go.episode:
            self._until = (NO_LIMIT, trainer.episode + 1)
        else:
            if self._is_over(trainer, self.limits):
                steps, episodes = trainer.limits
                self.limits = (min(trainer.step + steps, NO_LIMIT), min(trainer.episode + episodes, NO_LIMIT))
            if go.endless:
                self.limits = (NO_LIMIT, NO_LIMIT)
            self._until = self.limits
        self.at_once = go.at_once
        self._behind, self._since = 1.0, time.perf_counter()
        self._enter(RUNNING)

    def _unlimited(self) -> bool:
        return self.at_once or self.speed == FULL_SPEED or self._until is not self.limits

    @staticmethod
    def _is_over(trainer: Trainer, limits: tuple[int, int]) -> bool:
        return trainer.step >= limits[0] or trainer.episode >= limits[1]

    def _advance(self) -> None:
        trainer = self._trainer
        assert trainer is not None
        if self._fetching is not None and trainer.sweeps:
            wait([self._fetching], timeout=FRAME)
            return
        now = time.perf_counter()
        most = max(1, int(self._rate * SLICE))
        if not self._unlimited():
            self._behind = min(self._behind + (now - self._since) * self.speed, max(1.0, self.speed / 4))
            most = min(most, int(self._behind))
        self._since = now
        if most:
            before = trainer.step
            deadline = now + SLICE
            trainer.advance(min(before + most, self._until[0]), self._until[1], lambda: self._has_to_look_up(deadline))
            took = time.perf_counter() - now
            self._behind = max(0.0, self._behind - (trainer.step - before))
            if took > SLICE / 4:
                self._rate = (trainer.step - before + 1) / took
            elif most >= self._rate * SLICE / 2:
                self._rate *= 2
        if self._is_over(trainer, self._until):
            self._enter(FINISHED if self._is_over(trainer, self.limits) else PAUSED)

    def make_way(self) -> None:
        """Wait for the picture that is being drawn; called by whatever takes long in Python, beside it."""
        while time.perf_counter() < self.gives_way_until and not self.closing.is_set():
            time.sleep(A_MOMENT)

    def _has_to_look_up(self, deadline: float) -> bool:
        """Whether it is time to leave off tracing, or asking an environment."""
        self.make_way()
        return time.perf_counter() > deadline

    def _show(self) -> None:
        """Put a snapshot into the mailbox, if the last one was taken and there is something new."""
        if self._observer is None:
            return
        running = self._state == RUNNING
        wanted = self.wanted
        if running and not self.mailbox.is_empty():
            return
        trainer = self._observer.trainer
        moment = (trainer.step, trainer.timeline)
        known = wanted is self._seen and moment == self._shown and not self._observer.has_news
        if known and not (self._was_running and not running):
            return
        self.mailbox.put(self._run, self._observer.observe(wanted, exact=not running))
        self._seen, self._shown, self._was_running = wanted, moment, running

    def _enter(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self.state_changed.emit(state)

    def _fail(self, sentence: str, details: str) -> None:
        if self._state == RUNNING:
            self._enter(PAUSED)
        self._seen = None
        self.failed.emit(sentence, details)


def _pool(threads: int, name: str) -> ThreadPoolExecutor:
    """An executor whose threads begin now: a thread of Qt's that began one would be remembered by Python for ever."""
    pool, together = ThreadPoolExecutor(threads, name), threading.Barrier(threads)
    for _ in range(threads):
        pool.submit(together.wait)
    return pool


class _Found(NamedTuple):
    """An update; or the seconds that it would take to find it."""

    update: Update | None
    seconds: float


def _go_back(way: Callable[[Progress], Update | None], insists: bool, progress: Progress) -> _Found:
    began, seconds = time.perf_counter(), 0.0

    def go_on(fraction: float) -> bool:
        nonlocal seconds
        took = time.perf_counter() - began
        whole = took / max(fraction, 1e-9)
        if took > PROBE and whole - took > PATIENCE and not insists:
            seconds = whole
            return False
        return progress(fraction)

    return _Found(way(go_on), seconds)


def _sight(scenario: Scenario, progress: Progress) -> context.Sight | str | None:
    try:
        return context.examine(scenario, progress=within(LONGEST_SEARCH, progress))
    except Cancelled:
        return None
    except LangrlError as error:  # too large to be examined: the window says so where it would say what it found
        return str(error)


def _solution(scenario: Scenario, progress: Progress) -> oracle.Solution | str | None:
    if oracle.unsolvable(scenario):
        return None
    try:
        return oracle.solve(scenario, progress=within(LONGEST_SEARCH, progress))
    except Cancelled:
        return None
    except LangrlError as error:  # too large to be solved: there is none to show
        return str(error)
