"""What can be done in the window, as data: name, words, keys, and in which states of a run it is offered."""

from dataclasses import dataclass

from langrl_gui.core.i18n import N_
from langrl_gui.ui.session import FINISHED, PAUSED, READY, RUNNING

STILL = frozenset({READY, PAUSED, FINISHED})
ANY = STILL | {RUNNING}


@dataclass(frozen=True)
class Spec:
    """One action; its `name` is its object name and that of the window's method "on_" + name."""

    name: str
    text: str
    tip: str
    keys: str = ""
    states: frozenset[str] | None = None
    """States of the run in which it is enabled; None: always."""
    more_keys: str = ""
    """Keys that do the same, for those who have them in their fingers."""


RUN = Spec(
    "run",
    N_("Run"),
    N_("Let the agent learn at the chosen speed; press again to pause. A finished run goes on as far again."),
    "Space",
    ANY,
)
STEP = Spec("step", N_("Step"), N_("Say one more word and learn from it."), "F10", ANY)
EPISODE = Spec("stepEpisode", N_("Episode"), N_("Go on to the end of this text."), "F11", ANY)
TO_END = Spec("toEnd", N_("To the end"), N_("Run to the stop rule as fast as the machine goes."), "Ctrl+End", ANY)
SLOWER = Spec("slower", N_("Slower"), N_("Half as many steps a second."), "Ctrl+Down")
FASTER = Spec("faster", N_("Faster"), N_("Twice as many steps a second."), "Ctrl+Up")
RESET = Spec("reset", N_("Reset"), N_("Back to the start: everything that was learned is forgotten."), "Ctrl+R", ANY)
NEW = Spec("newScenario", N_("New scenario"), N_("Begin with a small scenario to build on."), "Ctrl+N")
GALLERY = Spec("gallery", N_("Gallery"), N_("Choose one of the scenarios that come with the program."), "Ctrl+G")
OPEN = Spec("open", N_("Open…"), N_("Open a scenario (.toml) or a saved run (.langrl)."), "Ctrl+O")
SAVE = Spec("save", N_("Save"), N_("Save the run: the trained table and where it stands."), "Ctrl+S", ANY)
SAVE_AS = Spec("saveAs", N_("Save as…"), N_("Save the run under another name."), "Ctrl+Shift+S", ANY)
SAVE_SCENARIO = Spec(
    "saveScenarioAs", N_("Save scenario as…"), N_("Write the scenario as a .toml file, as it stands in the form.")
)
EXPORT = Spec("export", N_("Export…"), N_("Write the table as CSV or JSON, or the scenario as TOML."), "Ctrl+E", ANY)
UNDO = Spec("undo", N_("Undo"), N_("Take back the last change to the scenario."), "Ctrl+Z")
REDO = Spec("redo", N_("Redo"), N_("Make the change again that was taken back."), "Ctrl+Y", more_keys="Ctrl+Shift+Z")
QUIT = Spec("quit", N_("Quit"), N_("Close the window."), "Ctrl+Q")
HELP = Spec("help", N_("Help"), N_("What one can do here, and with which keys."), "F1")
ABOUT = Spec("about", N_("About LangRL Studio"), N_("Version and licence."))

MENUS = (
    (N_("&File"), (NEW, GALLERY, OPEN, None, SAVE, SAVE_AS, SAVE_SCENARIO, EXPORT, None, QUIT)),
    (N_("&Edit"), (UNDO, REDO)),
    (N_("&Run"), (RUN, STEP, EPISODE, TO_END, None, SLOWER, FASTER, None, RESET)),
    (N_("&Help"), (HELP, ABOUT)),
)
"""Menus in order; None is a line. The window adds View, with its cards, before the last."""
