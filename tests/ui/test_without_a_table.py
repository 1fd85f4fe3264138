"""An environment without a table in the window: learned as anywhere, and every view says what nobody can know."""

from collections.abc import Callable
from pathlib import Path

import gymnasium
from pytestqt.qtbot import QtBot

from langrl_gui.core import runfile, scenario
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.app import Studio
from langrl_gui.ui.main_window import MainWindow
from langrl_gui.ui.session import PAUSED
from tests.windows import until

STEPS = 1500


def _bring_to_front(window: MainWindow, name: str) -> None:
    """Show a card that may lie behind another one."""
    next(card for card in window._cards if card.objectName() == name).raise_()


def test_that_the_window_runs_it_like_the_command_line_and_every_view_says_why_there_is_no_optimum(
    qtbot: QtBot, open_studio: Callable[..., Studio], tmp_path: Path
) -> None:
    studio = open_studio(scenario.built_in()["blackjack"])
    window, session = studio.window, studio.session
    session.step(STEPS)
    until(qtbot, studio, PAUSED, STEPS)
    alone = Trainer(scenario.find("blackjack"))
    alone.advance(STEPS)
    with qtbot.waitSignal(session.hashed) as hashed:
        session.hash()
    assert hashed.args == [alone.state_hash()]
    with qtbot.waitSignal(session.saved, timeout=10_000):
        session.save(tmp_path / "cards.langrl")
    assert (tmp_path / "cards.langrl").read_bytes() == runfile.dumps(runfile.of_trainer(alone))

    assert "the environment has no table, and is asked at each step" in window.status._text.text()
    assert window.parameters.slower.isVisible()
    assert "thousands of times slower" in window.parameters.slower.text()
    assert "No optimum" in window.curves._legend._places()[1][1]
    assert "no table" in window.curves._legend._places()[1][2]
    seen = window.snapshot.tape
    _bring_to_front(window, "inspectorCard")
    window.selection.select(seen.past[0].steps[-1].state)
    qtbot.waitUntil(
        lambda: (shown := window.inspector._shown) and shown.state == window.selection.state and not shown.follows
    )
    assert "There is no exact optimum" in window.inspector._confused.text()
    qtbot.waitUntil(window.inspector._confused.isVisible)
    name = ",".join(map(str, alone.scenario.environment.spaces.states.values(window.selection.state[1])))
    assert window.inspector.title() == f"State {name}"
    says = window.tape._answer(session.scenario, window.snapshot, 0) if window.snapshot.says else None
    assert says is not None
    assert says.text == f"{alone.scenario.names(alone.greedy_text(0).start[1:])[0]} → {alone.greedy_text(0).words[0]}"
    assert "an episode that was played beside the run" in says.tip
    _bring_to_front(window, "qTableCard")
    qtbot.waitUntil(lambda: "cells" in window.table._said)
    assert window.table._said.endswith("no Q*: the environment has no table")
    window.heat._on_mode("gap")
    assert "no Q*: the environment has no table" in window.heat._legend._size
    window.graph.controls.field.setText("north")
    assert window.graph.controls.field.accessibleDescription() == (
        f"States of this environment have names like {alone.scenario.names(alone.scenario.first_state[1:])[0]}."
    )


def test_that_a_run_whose_environment_is_not_here_is_one_sentence_and_the_window_stays_as_it_was(
    qtbot: QtBot, open_studio: Callable[..., Studio], tmp_path: Path
) -> None:
    gymnasium.register("Cards-v0", entry_point="gymnasium.envs.toy_text:BlackjackEnv")
    trainer = Trainer(scenario.find("gym:Cards-v0"))
    trainer.advance(100)
    runfile.write(path := tmp_path / "cards.langrl", runfile.of_trainer(trainer))
    del gymnasium.registry["Cards-v0"]
    studio = open_studio(scenario.built_in()["i-love-you"])
    before = studio.session.scenario
    with qtbot.waitSignal(studio.session.failed, timeout=10_000) as failed:
        studio.session.open(path)
    assert '"Cards-v0" cannot be played' in failed.args[0]
    qtbot.waitUntil(lambda: studio.session.state != "opening")
    assert studio.session.scenario is before
    assert not studio.window.parameters.slower.isVisible()
    assert "no table" not in studio.window.status._text.text()
