"""The window: cards around the views, toolbar, menus. Pulls snapshots on a timer and gives commands to the session."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QChildEvent,
    QCoreApplication,
    QEvent,
    QMimeData,
    QSignalBlocker,
    Qt,
    QTime,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QSlider,
    QTabBar,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from langrl_gui.core import i18n
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.context import Sight
from langrl_gui.core.gym import Painter
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Snapshot, Wanted
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import actions, format, icons, settings, theme
from langrl_gui.ui.actions import Spec
from langrl_gui.ui.cards import Card
from langrl_gui.ui.documents import SUFFIXES, Documents
from langrl_gui.ui.draft import Draft
from langrl_gui.ui.gallery import Gallery
from langrl_gui.ui.help import Help, native, show_about
from langrl_gui.ui.keys import ButtonKeys
from langrl_gui.ui.run_bar import RunBar
from langrl_gui.ui.selection import Selection
from langrl_gui.ui.session import FULL_SPEED, OPENING, PAUSED, RUNNING, Session
from langrl_gui.ui.side_status import SideStatus
from langrl_gui.ui.views.environment_picture import EnvironmentPicture
from langrl_gui.ui.views.episode_tape import EpisodeTape
from langrl_gui.ui.views.exact_table import ExactTable
from langrl_gui.ui.views.heat_map import QHeatMap
from langrl_gui.ui.views.inspector import Inspector
from langrl_gui.ui.views.parameters import Parameters
from langrl_gui.ui.views.run_status import RunStatus
from langrl_gui.ui.views.samples import Samples
from langrl_gui.ui.views.say import Say
from langrl_gui.ui.views.sight import Confusions
from langrl_gui.ui.views.state_graph import StateGraph

if TYPE_CHECKING:
    from langrl_gui.ui.views.learning_curves import LearningCurves

    AnyView = (
        StateGraph
        | QHeatMap
        | ExactTable
        | EpisodeTape
        | Inspector
        | Say
        | Samples
        | LearningCurves
        | EnvironmentPicture
    )

TICK: Final = 16
"""Milliseconds between two looks at the mailbox: some 60 pictures a second, as many as a screen shows."""
BLUR: Final = 10_000
"""Steps between two pictures above which nobody can tell one from the next."""
NARROW: Final = 1100
"""Width of a screen below which scenario and inspector share a column."""
MOST_OF_TAPE: Final = 0.2
"""Share of the window's height that the tape takes at most: what is gained goes to what shows more with more room."""
SLIDER_STEPS: Final = 700
FASTEST_LIMITED: Final = 7.0
"""log10 of the highest limited speed; the slider's last place is the machine's limit."""
TWICE: Final = 30
"""Places of the slider from one speed to twice that speed."""
COMFORTABLE: Final = 6.0
"""Steps a second with which a scenario starts: slow enough to read along ..."""
COMFORTABLE_ELSEWHERE: Final = 60.0
"""... but in environments, where the first reward is hundreds of steps away."""

STATES: Final = {
    "opening": N_("Opening"),
    "ready": N_("Ready"),
    "running": N_("Running"),
    "paused": N_("Paused"),
    "finished": N_("Finished"),
    "failed": N_("Nothing open"),
}
_PICTURE_OVER: Final = QEvent.Type(QEvent.registerEventType())
_PAINTS: Final = {QEvent.Type.UpdateRequest, QEvent.Type.LayoutRequest}
"""Events in which a window paints what is new of it, or lays it out."""

LANGUAGE_NAMES: Final = {"en": "English", "zh_CN": "简体中文"}
SCHEME_NAMES: Final = {"system": N_("As the system"), "light": N_("Light"), "dark": N_("Dark")}


def speed_of(place: int) -> float:
    """Steps a second at this place of the slider."""
    return FULL_SPEED if place >= SLIDER_STEPS else 10 ** (FASTEST_LIMITED * place / SLIDER_STEPS)


def place_of(speed: float) -> int:
    """The place of the slider for so many steps a second."""
    return SLIDER_STEPS if speed == FULL_SPEED else round(SLIDER_STEPS * math.log10(speed) / FASTEST_LIMITED)


class MainWindow(QMainWindow):
    """One window on a session; the session outlives it when the language changes.

    Unless it `remembers`, it looks as at the first start, and leaves no trace of how it looked at the end.
    """

    pictured = Signal()
    """A snapshot has been drawn, and what is new of it painted."""
    painted = Signal()
    """The first time that anything was painted."""
    language_wanted = Signal(str)
    closed = Signal()

    def __init__(self, session: Session, draft: Draft, remembers: bool = True) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.session = session
        self.selection = Selection(self)
        self.snapshot: Snapshot | None = None
        self._turn: list[AnyView] = []
        self._blurred = False
        self._comfortable = COMFORTABLE
        self._confusions: Confusions | None = None
        self.drawn = 0
        """Snapshots drawn so far."""
        self.draft = draft
        self.documents = Documents(session, draft, self, remembers)
        self.gallery: Gallery | None = None
        """The welcome page, once it was asked for."""
        self._is_leaving = self._says_reading = False
        self._asked: Wanted | None = None
        self._was_painted = False

        self.heat, self.graph, self.tape = (
            QHeatMap(self.selection),
            StateGraph(self.selection),
            EpisodeTape(self.selection),
        )
        self.table, self.inspector = ExactTable(self.selection), Inspector(self.selection)
        self.say, self.samples, self.picture = Say(self.selection), Samples(), EnvironmentPicture(self.selection)
        self._has_picture = False
        self.curves: LearningCurves | None = None
        self.parameters, self.status, self.side_status = Parameters(), RunStatus(), SideStatus(session.going_on)
        self._views: list[AnyView] = [
            self.graph,
            self.heat,
            self.table,
            self.tape,
            self.inspector,
            self.say,
            self.samples,
            self.picture,
        ]
        self._actions: dict[str, QAction] = {}
        self._specs: dict[str, Spec] = {}
        # Before the cards: they share the room that there is. A window has a frame and a title.
        room = self.screen().availableGeometry().size()
        self.resize(min(1360, room.width() - 40), min(860, room.height() - 60))
        self._build_cards()
        self._build_menus()
        self._build_toolbar()
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addPermanentWidget(self.status, 1)
        self.statusBar().addPermanentWidget(self.side_status)
        self.setStyleSheet(theme.WINDOW_STYLE)
        self._set_icons()
        self._remembers = remembers
        if remembers:
            geometry, arrangement = settings.window()
            self.restoreGeometry(geometry)
            self.restoreState(arrangement)
            self._offer_picture()

        session.opened.connect(self._on_opened)
        session.state_changed.connect(self._on_state)
        session.failed.connect(self._on_failed)
        session.saved.connect(self._on_saved)
        session.scenario_saved.connect(self._on_saved)
        session.changed.connect(self._on_changed)
        session.compiling.connect(self.status.set_compiling)
        draft.changed.connect(self._on_draft)
        draft.stack.canUndoChanged.connect(self._on_undo_changed)
        draft.stack.canRedoChanged.connect(self._on_undo_changed)
        draft.stack.indexChanged.connect(self._on_undo_changed)
        session.exported.connect(self._on_exported)
        session.optimum_found.connect(self._on_optimum)
        session.painter_found.connect(self._on_painter)
        session.sight_found.connect(self._on_sight)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK)
        self._entitle()
        self._on_state(session.state)
        if session.scenario is not None:
            self._on_opened(session.scenario)
            self._on_optimum(session.solution)
            self._on_sight(session.sight)
        self._on_undo_changed()
        self.setAcceptDrops(True)

    # -- building -----------------------------------------------------------------------------------------------------

    def _build_cards(self) -> None:
        self.setDockNestingEnabled(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        side = Card("parameters", tr("Scenario"), self)
        graph = Card("stateGraph", tr("States"), self)
        curves = Card("learningCurves", tr("Learning"), self)
        heat, exact = Card("qHeatMap", tr("Q-table"), self), Card("qTable", tr("Exact numbers"), self)
        tape = Card("episodeTape", tr("Episode"), self)
        inspector, say = Card("inspector", tr("State"), self), Card("say", tr("Say"), self)
        self._say_card = say
        samples = Card("samples", tr("Samples"), self)
        self._tape_card = tape
        picture = self._picture_card = Card("environmentPicture", tr("Picture"), self)
        for card, view in ((side, self.parameters), (graph, self.graph), (heat, self.heat), (tape, self.tape)):
            card.fill(view)
        exact.fill(self.table)
        inspector.fill(self.inspector)
        say.fill(self.say)
        samples.fill(self.samples)
        picture.fill(self.picture)
        self._cards = (side, graph, curves, heat, tape, exact, inspector, say, samples, picture)
        side.setMaximumWidth(340)  # room that is gained goes to what there is to see
        for card in (inspector, say, samples, picture):
            card.setMaximumWidth(460)
        self._arrange()
        self.parameters.edited.connect(self.draft.edit)
        self.parameters.settled.connect(self.draft.settle)
        self.parameters.applied.connect(self.documents.apply)
        self.parameters.discarded.connect(self.draft.discard)
        self.parameters.notice.statesWanted.connect(self._show_confusions)
        self.parameters.notice.contextWanted.connect(self._on_context_wanted)
        self.say.asked.connect(self.session.say)
        self.session.said.connect(self.say.show_answer)
        self.inspector.updateWanted.connect(self.session.find_update)
        self.inspector.updateGivenUp.connect(self.session.stop_finding)
        self.session.finding.connect(self.inspector.set_finding)

    @Slot()
    def _arrange(self) -> None:
        """Put every card where it was at the first start."""
        side, graph, curves, heat, tape, exact, inspector, say, samples, picture = self._cards
        for card in self._cards:
            card.setFloating(False)
            self.removeDockWidget(card)
            card.show()
        top, bottom = Qt.DockWidgetArea.TopDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
        self.addDockWidget(top, side)
        self.splitDockWidget(side, graph, Qt.Orientation.Horizontal)
        narrow = self.screen().availableGeometry().width() < NARROW
        if narrow:
            self.tabifyDockWidget(side, inspector)
            self.tabifyDockWidget(inspector, say)
        else:
            self.splitDockWidget(graph, inspector, Qt.Orientation.Horizontal)
            self.splitDockWidget(inspector, say, Qt.Orientation.Vertical)
        self.splitDockWidget(graph, curves, Qt.Orientation.Vertical)
        self.splitDockWidget(curves, heat, Qt.Orientation.Horizontal)
        self.tabifyDockWidget(heat, exact)
        heat.raise_()
        self.addDockWidget(bottom, tape)
        columns = ([side, graph], [250, 770]) if narrow else ([side, graph, inspector], [250, 740, 360])
        self.resizeDocks(*columns, Qt.Orientation.Horizontal)
        self.resizeDocks([curves, heat], [390, 380], Qt.Orientation.Horizontal)
        self.resizeDocks([graph, curves], [400, 320], Qt.Orientation.Vertical)
        if not narrow:
            self.resizeDocks([inspector, say], [430, 290], Qt.Orientation.Vertical)
        self.resizeDocks([side, tape], [675, 150], Qt.Orientation.Vertical)
        self.tabifyDockWidget(say, samples)
        self.tabifyDockWidget(samples, picture)
        say.raise_()
        self._offer_picture()
        if narrow:
            side.raise_()

    def _build_menus(self) -> None:
        for title, specs in actions.MENUS:
            if title == actions.MENUS[-1][0]:
                self._build_view_menu()
            menu = self.menuBar().addMenu(tr(title))
            for spec in specs:
                if spec is None:
                    menu.addSeparator()
                else:
                    menu.addAction(self._action(spec))
                if spec is actions.OPEN:
                    menu.addMenu(self.documents.recent_menu)

    def _action(self, spec: Spec) -> QAction:
        action = QAction(tr(spec.text), self)
        action.setObjectName(spec.name)
        action.setShortcuts([QKeySequence(keys) for keys in (spec.keys, spec.more_keys) if keys])
        action.triggered.connect(getattr(self, "on_" + spec.name))
        self.addAction(action)
        self._actions[spec.name], self._specs[spec.name] = action, spec
        self._put_tip(spec)
        return action

    def _put_tip(self, spec: Spec) -> None:
        tip = tr_for(self.session.scenario, spec.tip)
        self._actions[spec.name].setToolTip(tip + (f"  ({native(spec)})" if spec.keys else ""))

    def _build_view_menu(self) -> None:
        menu = self.menuBar().addMenu(tr("&View"))
        for card in self._cards:
            toggle = card.toggleViewAction()
            menu.addAction(toggle)
        arrangement = QAction(tr("Usual arrangement"), self)
        arrangement.setObjectName("resetLayout")
        arrangement.triggered.connect(self._arrange)
        menu.addAction(arrangement)
        menu.addSeparator()
        self._add_choice(menu.addMenu(tr("Colours")), SCHEME_NAMES, settings.scheme(), self._on_scheme)
        self._add_choice(menu.addMenu("Language · 语言"), LANGUAGE_NAMES, i18n.language(), self._on_language)

    def _add_choice(self, menu: QMenu, names: dict[str, str], now: str, chosen: Callable[[QAction], None]) -> None:
        group = QActionGroup(self)
        for name, text in names.items():
            action = QAction(tr(text), self)
            action.setObjectName(name)
            action.setCheckable(True)
            action.setChecked(name == now)
            group.addAction(action)
            menu.addAction(action)
        group.triggered.connect(chosen)

    def _build_toolbar(self) -> None:
        bar = RunBar(tr("Run"), self)
        self.addToolBar(bar)
        self.chooser = QComboBox(bar)
        self.chooser.setObjectName("scenario")
        self.chooser.setAccessibleName(tr("Scenario"))
        self.chooser.setToolTip(tr("The scenarios that come with the program."))
        self.chooser.setMinimumWidth(150)  # and as wide as its names
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.chooser.activated.connect(self._on_chosen)
        bar.addWidget(self.chooser)
        bar.add_shy(self._actions["reset"])
        bar.addAction(self._actions["run"])
        for name in ("step", "stepEpisode", "toEnd"):
            bar.add_shy(self._actions[name])
        self._run_button = bar.widgetForAction(self._actions["run"])
        assert isinstance(self._run_button, QToolButton)
        self._run_button.setObjectName("runButton")
        self._actions["run"].changed.connect(self._whiten_run)
        # It says Run or Pause; what stands beside it must not move when it changes.
        widest = max(self._run_button.fontMetrics().horizontalAdvance(tr(text)) for text in ("Run", "Pause"))
        self._run_button.setMinimumWidth(round(1.2 * widest) + 66)
        bar.addWidget(self._speed_box(bar))
        space = QWidget(bar)
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        bar.addAction(self._actions["save"])
        for action in bar.actions():
            if isinstance(button := bar.widgetForAction(action), QToolButton):
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        ButtonKeys(self)

    def _speed_box(self, bar: QWidget) -> QWidget:
        box = QWidget(bar)
        box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(box)
        layout.setContentsMargins(14, 0, 6, 0)
        layout.setSpacing(8)
        self.speed = QSlider(Qt.Orientation.Horizontal, box)
        self.speed.setObjectName("speed")
        self.speed.setAccessibleName(tr("Speed"))
        self.speed.setRange(0, SLIDER_STEPS)
        self.speed.setPageStep(100)
        self.speed.setSingleStep(10)
        self.speed.setMinimumWidth(120)
        self.speed.setMaximumWidth(220)
        self._speed_text = QLabel(box)
        self._speed_text.setMinimumWidth(self._speed_text.fontMetrics().horizontalAdvance(format.rate(8.88e6) + "  "))
        slowest, fastest = QLabel(tr("1/s"), box), QLabel(tr("max"), box)
        for end in (slowest, fastest):
            end.setObjectName("speedEnd")  # it stands back: what it is set to is what counts
        layout.addWidget(slowest)
        layout.addWidget(self.speed, 1)
        layout.addWidget(fastest)
        layout.addSpacing(8)
        layout.addWidget(self._speed_text)
        self.speed.valueChanged.connect(self._on_speed)
        return box

    def set_speed(self, steps_per_second: float) -> None:
        """Move the slider to this speed."""
        place = place_of(steps_per_second)
        self.speed.setValue(place)
        self._on_speed(place)

    # -- the way of data: mailbox to views ----------------------------------------------------------------------------

    @Slot()
    def _tick(self) -> None:
        snapshot = self.session.take()
        if snapshot is not None:
            self.session.begin_picture()
            self._draw(snapshot)
        self._ask()
        self.side_status.look()
        if self.draft.waits_long != self._says_reading:
            self._on_draft()

    def _draw(self, snapshot: Snapshot) -> None:
        running = self.session.state == RUNNING
        strides = self.snapshot is not None and snapshot.step - self.snapshot.step > BLUR
        self._blurred = running and (strides or self.session.at_full_speed)
        self.snapshot = snapshot
        for view in self._turn:
            view.draw(snapshot)
        self.drawn += 1
        self.status.draw(snapshot, self.session.limits, running)
        self.parameters.say_room(snapshot.room)
        if self.isWindowModified() != self.documents.is_modified:  # setting it anew lays out every card
            self.setWindowModified(self.documents.is_modified)
        QCoreApplication.postEvent(self, QEvent(_PICTURE_OVER), Qt.EventPriority.LowEventPriority.value)

    def _ask(self) -> None:
        """Ask for what the visible views want to see next, those that want anything.

        Where no eye can follow the steps, one view is drawn for each picture, in turn: all stay alive, and what they
        do not take is left to the loop.
        """
        visible = [view for view in self._views if view.isVisible() and _is_in_sight(view) and view.wants()]
        if self._blurred and self.session.state == RUNNING and visible:
            visible = [visible[self.drawn % len(visible)]]
        self._turn = visible
        wanted = Wanted(**{name: value for view in visible for name, value in view.wants().items()})
        if wanted != self._asked:
            self._asked = wanted
            self.session.look(wanted)

    # -- facts from the session ---------------------------------------------------------------------------------------

    @Slot(object)
    def _on_opened(self, scenario: Scenario) -> None:
        self.snapshot = None
        self.selection.select(())  # what it named was a state of another run
        for view in self._views:
            view.begin(scenario)
        self._on_optimum(None)
        was, self._comfortable = (
            self._comfortable,
            COMFORTABLE if scenario.environment is None else COMFORTABLE_ELSEWHERE,
        )
        if self.speed.value() == place_of(was):  # nobody has chosen another
            self.set_speed(self._comfortable)
        for spec in self._specs.values():
            self._put_tip(spec)
        self._say_card.entitle(tr_for(scenario, "Say"))
        self._on_sight(None)
        self._on_draft()
        asks = scenario.environment is not None and scenario.environment.spaces is not None
        self.status.begin(asks)
        self.parameters.slower.setVisible(asks)
        self._on_state(self.session.state)
        self._choose(scenario)
        self._entitle()
        self._asked = None  # ask anew: the run is another
        self._has_picture = False
        self._offer_picture()
        self.session.find_painter(scenario)

    @Slot(object)
    def _on_painter(self, painter: Painter | None) -> None:
        self.picture.set_painter(painter)
        self._has_picture = painter is not None
        self._offer_picture()
        if self._has_picture:
            self._picture_card.raise_()

    def _offer_picture(self) -> None:
        """Show the card just where the environment draws pictures."""
        self._picture_card.setVisible(self._has_picture)
        self._picture_card.toggleViewAction().setVisible(self._has_picture)

    @Slot(str)
    def _on_state(self, state: str) -> None:
        running = state == RUNNING
        self._blurred = running and self.session.at_full_speed
        for name, spec in self._specs.items():
            if spec.states is not None:
                self._actions[name].setEnabled(state in spec.states)
        run = self._actions["run"]
        text = tr("Pause") if running else tr("Run")
        if run.text() != text:
            run.setText(text)
            self._set_run_icon()
        if self.gallery is not None and state in (RUNNING, PAUSED):
            self.gallery.hide()  # there is something to watch
        self.status.set_state(tr(STATES[state]))
        self.chooser.setEnabled(state != OPENING or self.session.scenario is None)
        if state != OPENING and self.session.scenario is not None:
            self._choose(self.session.scenario)  # opening another may have been cancelled

    @Slot(object)
    def _on_optimum(self, solution: Solution | None) -> None:
        self.parameters.say_unsolved(self.session.unsolved)
        for view in self._views:
            view.set_optimum(solution)

    @Slot(object)
    def _on_changed(self, scenario: Scenario) -> None:
        if self.session.solution is None:
            self._on_optimum(None)  # another is on its way
            self._on_sight(None)

    @Slot(object)
    def _on_sight(self, sight: Sight | str | None) -> None:
        self.parameters.notice.show_sight(sight)
        self.inspector.set_sight(sight if isinstance(sight, Sight) else None)
        if self._confusions is not None and isValid(self._confusions):
            self._confusions.close()  # what it lists is not what is true now
        self._confusions = None

    @Slot()
    def _show_confusions(self) -> None:
        sight, scenario = self.session.sight, self.session.scenario
        if isinstance(sight, Sight) and scenario is not None:
            if self._confusions is None or not isValid(self._confusions):
                self._confusions = Confusions(scenario, sight, self.selection, self)
            self._confusions.show()
            self._confusions.raise_()
            self._confusions.activateWindow()

    @Slot(int)
    def _on_context_wanted(self, words: int) -> None:
        self.draft.edit(("language", "context"), words, tr("Sees"))
        self.draft.settle()

    @Slot()
    def _on_draft(self) -> None:
        draft = self.draft
        self._says_reading, reading = draft.waits_long, ""
        if self._says_reading:
            reading = tr("The corpus is being read for these changes.")
            if draft.applies_when_read:
                reading += " " + tr("After that a new run begins.")
        self.parameters.show_data(draft.data, draft.faults, draft.live, draft.is_pending, reading)
        if draft.scenario is not None:
            self.parameters.show_corpus(draft.scenario.language.source)
        self.setWindowModified(self.documents.is_modified)

    @Slot()
    def _on_undo_changed(self) -> None:
        stack = self.draft.stack
        for name, possible, text, what in (
            ("undo", stack.canUndo(), tr("Undo"), stack.undoText()),
            ("redo", stack.canRedo(), tr("Redo"), stack.redoText()),
        ):
            self._actions[name].setEnabled(possible)
            self._actions[name].setText(f"{text}: {what}" if what else text)

    @Slot(str)
    def _on_saved(self, path: str) -> None:
        self.setWindowModified(self.documents.is_modified)
        self.status.set_file(tr("saved {time}", time=QTime.currentTime().toString("HH:mm")))
        self._entitle()

    @Slot(str)
    def _on_exported(self, path: str) -> None:
        self.status.set_file(tr("exported {name}", name=Path(path).name))

    @Slot(str, str)
    def _on_failed(self, sentence: str, details: str) -> None:
        if self.session.scenario is not None:
            self._choose(self.session.scenario)  # the list had moved on to what could not be opened

    # -- actions ------------------------------------------------------------------------------------------------------

    @Slot()
    def on_run(self) -> None:
        if self.session.state == RUNNING:
            self.session.pause()
        else:
            self.session.run()

    @Slot()
    def on_step(self) -> None:
        self.session.step()

    @Slot()
    def on_stepEpisode(self) -> None:
        self.session.step_episode()

    @Slot()
    def on_toEnd(self) -> None:
        self.session.run(at_once=True)

    @Slot()
    def on_slower(self) -> None:
        self.speed.setValue(self.speed.value() - TWICE)

    @Slot()
    def on_faster(self) -> None:
        self.speed.setValue(self.speed.value() + TWICE)

    @Slot()
    def on_reset(self) -> None:
        self.documents.reset()

    @Slot()
    def on_newScenario(self) -> None:
        self.documents.new()

    @Slot()
    def on_gallery(self) -> None:
        if self.gallery is None:
            self.gallery = Gallery(self.session.side, self)
            self.gallery.chosen.connect(self.documents.open_scenario)
        self.gallery.open()

    @Slot()
    def on_open(self) -> None:
        self.documents.ask_open()

    @Slot()
    def on_save(self) -> None:
        self.documents.save()

    @Slot()
    def on_saveAs(self) -> None:
        self.documents.ask_save()

    @Slot()
    def on_saveScenarioAs(self) -> None:
        self.documents.ask_save_scenario()

    @Slot()
    def on_undo(self) -> None:
        self.draft.undo()

    @Slot()
    def on_redo(self) -> None:
        self.draft.redo()

    @Slot()
    def on_export(self) -> None:
        self.documents.ask_export()

    @Slot()
    def on_quit(self) -> None:
        self.close()

    @Slot()
    def on_help(self) -> None:
        Help(self).show()

    @Slot()
    def on_about(self) -> None:
        show_about(self)

    @Slot(int)
    def _on_speed(self, place: int) -> None:
        speed = speed_of(place)
        self.session.set_speed(speed)
        text = tr("full speed") if speed == FULL_SPEED else format.rate(speed)
        self._speed_text.setText(text)
        self.speed.setToolTip(tr("Speed: {speed}", speed=text))

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        what = self.chooser.itemData(place)
        self.documents.open_scenario(Path(what) if isinstance(what, str) else what)
        if self.session.scenario is not None:
            self._choose(self.session.scenario)  # until it is open, if it will be

    @Slot(QAction)
    def _on_scheme(self, action: QAction) -> None:
        settings.set_scheme(action.objectName())
        theme.apply(action.objectName())

    @Slot(QAction)
    def _on_language(self, action: QAction) -> None:
        if action.objectName() != i18n.language():
            settings.set_language(action.objectName())
            self.language_wanted.emit(action.objectName())

    # -- window -------------------------------------------------------------------------------------------------------

    @Slot()
    def complete(self) -> None:
        """Add what takes too long before the first paint: the curves, whose library loads for half a second."""
        if self.curves is not None:
            return
        from langrl_gui.ui.views.learning_curves import LearningCurves

        self.curves = LearningCurves()
        self._cards[2].fill(self.curves)
        if self.session.scenario is not None:
            self.curves.begin(self.session.scenario)
            self.curves.set_optimum(self.session.solution)
        self._views.append(self.curves)
        self.fill_chooser()

    def fill_chooser(self) -> None:
        """List the built-in scenarios."""
        with QSignalBlocker(self.chooser):
            self.chooser.clear()
            for path in scenarios.built_in().values():
                self.chooser.addItem(tr(scenarios.told(path)[0]), str(path))
        self.chooser.setCurrentIndex(-1)
        if self.session.scenario is not None:
            self._choose(self.session.scenario)

    def _choose(self, scenario: Scenario) -> None:
        with QSignalBlocker(self.chooser):
            place = self.chooser.findText(tr(scenario.name))
            if place < 0 and self.chooser.count():
                place = self.chooser.count()
                self.chooser.addItem(tr(scenario.name), scenario)
            self.chooser.setCurrentIndex(place)

    def _entitle(self) -> None:
        file = self.session.file or self.session.source
        parts = [file.name] if file and file not in scenarios.built_in().values() else []
        if self.session.scenario is not None:
            parts.append(tr(self.session.scenario.name))
        self.setWindowTitle("[*]" + " — ".join([*parts, "LangRL Studio"]))

    def _set_icons(self) -> None:
        palette = self.palette()
        plain = palette.color(QPalette.ColorRole.ButtonText)
        faint = theme.mixed(plain, palette.color(QPalette.ColorRole.Window), 0.6)
        for name in ("reset", "step", "stepEpisode", "toEnd"):
            self._actions[name].setIcon(icons.icon(name, plain, faint))
        self._set_run_icon()

    def _set_run_icon(self) -> None:
        name = "pause" if self.session.state == RUNNING else "run"
        palette = self.palette()
        plain = palette.color(QPalette.ColorRole.ButtonText)
        faint = theme.mixed(plain, palette.color(QPalette.ColorRole.Window), 0.6)
        self._on_blue = icons.icon(name, QColor("white"), faint)
        self._actions["run"].setIcon(icons.icon(name, plain, faint))

    @Slot()
    def _whiten_run(self) -> None:
        """The menu's sign, which the button takes over whenever the action changes, is not seen on blue."""
        assert isinstance(self._run_button, QToolButton)
        self._run_button.setIcon(self._on_blue)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tape_card.setMaximumHeight(round(MOST_OF_TAPE * self.height()))

    def childEvent(self, event: QChildEvent) -> None:
        super().childEvent(event)
        child = event.child()
        if event.polished() and isinstance(child, QTabBar):  # Qt makes one where cards lie on top of each other
            child.setAccessibleName(tr("Cards in one place"))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_run_button"):
            self._set_icons()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationPaletteChange and self.styleSheet():
            self.setStyleSheet("")  # a style sheet keeps the palette it was set with from ever changing
            done = super().event(event)
            self.setStyleSheet(theme.WINDOW_STYLE)
            return done
        if event.type() in _PAINTS:  # what moves between two snapshots is a picture, too
            self.session.begin_picture()
        done = super().event(event)
        if event.type() == _PICTURE_OVER:
            self.session.end_picture()
            self.pictured.emit()
        elif event.type() in _PAINTS:
            self.session.end_picture()
            if not self._was_painted and event.type() == QEvent.Type.UpdateRequest:
                self._was_painted = True
                for card in self._cards:
                    if card.isFloating() and card.isVisible():
                        # It was there before the window, and so belongs to none: it would lie behind it.
                        card.hide()
                        card.show()
                self.painted.emit()
        return done

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dragged(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dragged(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.documents.open(path)

    def leave(self) -> None:
        """Close, whatever is not saved."""
        self._is_leaving = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._is_leaving and (self.session.is_saving or self.documents.at_stake()):
            event.ignore()
            self.documents.unless_lost(self.leave)
            return
        self._timer.stop()
        if self._remembers:
            settings.set_window(self.saveGeometry(), self.saveState())
        super().closeEvent(event)
        self.closed.emit()


def _is_in_sight(view: QWidget) -> bool:
    """Whether any of the sheet that it lies on can be seen. Qt calls a card behind another one visible as well, though
    it lies where nobody looks; and of a view that its own children cover it says that nothing is seen."""
    sheet = view.parentWidget()
    return sheet is not None and not sheet.visibleRegion().isEmpty()


def _dragged(data: QMimeData) -> str | None:
    """The one scenario or run that is dragged; None where it is anything else."""
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return files[0] if len(files) == 1 and Path(files[0]).suffix.lower() in SUFFIXES else None
