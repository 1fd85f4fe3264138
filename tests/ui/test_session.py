"""The session: commands in, snapshots out, threads that end."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from langrl_gui.core import kernels, runfile, scenario, text, trainer, work
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import GraphWanted, Ranking, Snapshot, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.session import CONTEXT, FINISHED, OPENING, OPTIMUM, PAUSED, READY, RUNNING, Session

LONG = """
name = "long"
[language]
corpus = "corpus.txt"
tokenizer = "whitespace"
max_length = 2
[[rewards]]
kind = "fluency"
[learner]
method = "q-learning"
"""
"""A scenario with a corpus."""

EVERYTHING = Wanted(True, True, 2, GraphWanted(12), (0, 50), (0, 20))


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    session.look(EVERYTHING)
    session.start()
    yield session
    session.close()


def latest(qtbot: QtBot, session: Session, step: int | None = None) -> Snapshot:
    """The next snapshot; the one at `step` where that is given."""
    found: list[Snapshot] = []

    def has_come() -> bool:
        snapshot = session.take()
        if snapshot is not None and (step is None or snapshot.step == step):
            found.append(snapshot)
        return bool(found)

    qtbot.waitUntil(has_come, timeout=20_000)
    return found[0]


def patched_tables(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Tables are traced until that is cancelled; returns what says that it has begun."""
    is_there = threading.Event()

    def tables(problem: Scenario, budget: object, whole: object, progress: Callable[[float], bool]) -> None:
        while progress(0.25):
            is_there.set()
        raise work.Cancelled

    monkeypatch.setattr(trainer, "Tables", tables)
    return is_there


def open_(qtbot: QtBot, session: Session, what: object = None) -> None:
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(what or scenario.find("i-love-you"))  # type: ignore[arg-type]
    latest(qtbot, session, 0) if what is None else None


def wait_for(qtbot: QtBot, session: Session, state: str) -> None:
    qtbot.waitUntil(lambda: session.state == state, timeout=20_000)


def test_the_first_step_does_not_wait_for_the_compiler(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGRL_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernels, "_loops", {})
    open_(qtbot, session)
    with qtbot.waitSignal(session.compiled, timeout=100_000):
        session.step()
        assert latest(qtbot, session, 1).says is not None
        assert not list(tmp_path.rglob("*.nbi")), "compiled before it was asked for"
    assert list(tmp_path.rglob("*.nbi"))
    session.run(at_once=True)
    latest(qtbot, session, 3000)
    with qtbot.waitSignal(session.hashed) as hashed:
        session.hash()
    alone = Trainer(scenario.find("i-love-you"), compiled=False)
    alone.advance(*alone.limits)
    assert hashed.args == [alone.state_hash()]


def test_a_run_to_its_end_gives_the_same_hash_as_one_without_a_window(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    session.run(at_once=True)
    snapshot = latest(qtbot, session, 3000)
    wait_for(qtbot, session, FINISHED)
    with qtbot.waitSignal(session.hashed) as hashed:
        session.hash()
    alone = Trainer(scenario.find("i-love-you"))
    alone.advance(*alone.limits)
    assert hashed.args == [alone.state_hash()]
    assert snapshot.says is not None
    assert [text.value for text in snapshot.says] == [2.8525]


def test_the_last_snapshot_of_a_run_always_comes(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    for last in range(1, 30):
        session.step()
        assert latest(qtbot, session, last).step == last
        wait_for(qtbot, session, PAUSED)


def test_an_episode_ends_where_it_ends(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    session.step()
    latest(qtbot, session, 1)
    session.step_episode()
    snapshot = latest(qtbot, session, 3)
    assert snapshot.episode == 1


def test_a_limited_speed_is_kept(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    session.set_speed(100.0)
    session.run()
    wait_for(qtbot, session, RUNNING)
    began = time.perf_counter()
    qtbot.wait(1000)
    session.pause()
    wait_for(qtbot, session, PAUSED)
    seconds = time.perf_counter() - began
    assert 60 * seconds <= latest(qtbot, session).step <= 100 * seconds + 40


def test_a_change_while_it_runs_is_an_event_between_two_slices(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    open_(qtbot, session, scenario.find("ten-words"))
    session.run(at_once=True, endless=True)
    wait_for(qtbot, session, RUNNING)
    with qtbot.waitSignal(session.changed):
        session.set("learner.alpha", 0.125)
    qtbot.wait(50)
    session.pause()
    wait_for(qtbot, session, PAUSED)
    with qtbot.waitSignal(session.saved, timeout=20_000):
        session.save(tmp_path / "run.langrl")
    run = runfile.read(tmp_path / "run.langrl")
    (event,) = run.moment.timeline.events
    assert (event.path, event.value) == ("learner.alpha", 0.125)
    again = Trainer(run.scenario)
    again.replay(run.moment.timeline, run.moment.step)
    assert runfile.dumps(runfile.of_trainer(again)) == (tmp_path / "run.langrl").read_bytes()


def test_a_wrong_file_is_one_sentence_and_the_run_there_was_stays(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    open_(qtbot, session)
    session.step(5)
    latest(qtbot, session, 5)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("name = 3")
    with qtbot.waitSignal(session.failed) as failed:
        session.open(wrong)
    assert str(wrong) in failed.args[0]
    assert "\n" not in failed.args[0]
    session.step()
    assert latest(qtbot, session, 6).step == 6


def test_a_refused_value_changes_nothing(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    with qtbot.waitSignals([session.failed, session.changed]):
        session.set("learner.alpha", 7.0)
    session.step()
    assert latest(qtbot, session, 1).alpha == 0.5


def test_reset_forgets_what_was_learned_and_keeps_what_was_set(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    session.set("learner.alpha", 0.25)
    session.step(50)
    latest(qtbot, session, 50)
    with qtbot.waitSignal(session.opened):
        session.reset()
    snapshot = latest(qtbot, session, 0)
    assert (snapshot.alpha, snapshot.episode) == (0.25, 0)
    assert snapshot.heat is not None
    assert not snapshot.heat.visits.any()


def test_a_finished_run_goes_on_as_far_again(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    for end in (3000, 6000):
        session.run(at_once=True)
        latest(qtbot, session, end)
        wait_for(qtbot, session, FINISHED)


def test_only_what_is_wanted_is_made(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    session.look(Wanted(tape=2))
    snapshot = latest(qtbot, session)
    assert snapshot.tape is not None
    assert (snapshot.curves, snapshot.graph, snapshot.heat, snapshot.says) == (None, None, None, None)


def test_the_optimum_comes_by_itself(qtbot: QtBot, session: Session) -> None:
    with qtbot.waitSignal(session.optimum_found) as found:
        session.open(scenario.find("i-love-you"))
    assert found.args[0].start_value == 2.8525


def dear() -> Scenario:
    """Asking what four hundred words earn takes long, for each of four hundred and one texts."""
    words = [f"{number:03}" for number in range(400)]
    return scenario.from_data(
        {
            "name": "dear",
            "language": {"words": words, "joiner": " ", "max_length": 2, "context": 0},
            "prompts": [{"references": ["001 002", "003 004"]}],
            "rewards": [{"kind": "chrf", "paid": "each-word"}, {"kind": "bleu", "paid": "each-word"}],
        }
    )


def test_a_search_for_the_optimum_that_takes_too_long_is_given_up_and_says_so_and_the_run_goes_on(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("langrl_gui.ui.session.LONGEST_SEARCH", 0.1)
    with qtbot.waitSignals([session.optimum_found, session.sight_found], timeout=30_000):
        session.open(dear())
    sentence = "not found within 0.1 s; langrl solve looks for as long as it takes"
    assert (session.solution, session.unsolved, session.sight) == (None, sentence, sentence)
    session.step(3)
    assert latest(qtbot, session, 3).step == 3
    monkeypatch.undo()
    with qtbot.waitSignal(session.optimum_found, timeout=60_000):
        session.set("rewards.1.weight", 0.0)
    assert session.unsolved == ""


def test_a_search_that_a_person_cancels_says_so_and_one_that_another_replaces_does_not(
    qtbot: QtBot, session: Session
) -> None:
    session.open(dear())
    for kind, found in ((OPTIMUM, session.optimum_found), (CONTEXT, session.sight_found)):
        qtbot.waitUntil(lambda kind=kind: any(task.kind == kind for task in session.side.running), timeout=30_000)
        with qtbot.waitSignal(found, timeout=30_000):
            next(task for task in session.side.running if task.kind == kind).cancel()
    assert (session.solution, session.unsolved) == (None, "the search was cancelled")
    assert session.sight == "the search was cancelled"
    session.set("rewards.0.weight", 0.5)
    session.set("rewards.0.weight", 2.0)
    with qtbot.waitSignal(session.optimum_found, timeout=60_000):
        pass
    assert session.solution is not None


def test_a_snapshot_is_never_shown_before_its_run_is_heard_of(qtbot: QtBot, session: Session) -> None:
    open_(qtbot, session)
    heard: list[str] = []
    session.opened.connect(lambda scenario: heard.append(scenario.name))
    for name in ("ten-words", "i-love-you", "morning-tea") * 5:
        heard.clear()
        session.open(scenario.find(name))
        while not heard:
            assert session.take() is None or heard
            qtbot.wait(1)
        assert latest(qtbot, session).step == 0


def test_a_weight_that_is_set_is_an_event_and_gives_another_optimum(qtbot: QtBot, session: Session) -> None:
    with qtbot.waitSignal(session.optimum_found, timeout=20_000):
        session.open(scenario.find("i-love-you"))
    assert session.solution is not None
    assert session.solution.start_value == 2.8525
    with qtbot.waitSignals([session.changed, session.optimum_found], timeout=60_000):
        session.set("rewards.0.weight", 2.0)
    assert session.scenario is not None
    assert session.scenario.rewards[0].weight == 2.0
    qtbot.waitUntil(lambda: session.solution is not None and session.solution.start_value == 5.705, timeout=20_000)


@pytest.mark.parametrize("state", ["at rest", "training", "right after start", "solving"])
def test_closing_ends_the_threads_in_any_state(qtbot: QtBot, state: str) -> None:
    session = Session()
    session.start()
    if state != "right after start":
        session.open(scenario.find("morning-tea" if state == "solving" else "ten-words"))
        if state != "solving":
            wait_for(qtbot, session, READY)
    if state == "training":
        session.run(at_once=True, endless=True)
        wait_for(qtbot, session, RUNNING)
    session.close()


def test_that_a_table_is_sorted_aside_and_comes_by_itself_while_the_run_rests_or_goes_on(
    qtbot: QtBot, session: Session
) -> None:
    by_visits = Ranking("visits", True)

    def has_come() -> bool:
        snapshot = session.take()
        table = snapshot.table if snapshot is not None else None
        if table is not None and table.ranking == by_visits and not table.waits:
            assert (np.diff(table.visits.astype(np.int64)) <= 0).all() or session.state == RUNNING
            return len(table.visits) == 50
        return False

    open_(qtbot, session, scenario.find("ten-words"))
    session.step(5_000)
    qtbot.waitUntil(lambda: session.state == PAUSED)
    session.look(Wanted(table=by_visits, table_part=(0, 50)))
    qtbot.waitUntil(has_come)
    session.look(Wanted())
    session.run(endless=True)
    qtbot.waitUntil(lambda: session.state == RUNNING)
    session.look(Wanted(table=by_visits, table_part=(0, 50)))
    qtbot.waitUntil(has_come)
    session.pause()
    qtbot.waitUntil(lambda: session.state == PAUSED)
    qtbot.waitUntil(has_come)


def test_opening_tells_how_far_it_is_and_cancelled_leaves_the_run_there_was(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[str] = []
    session.state_changed.connect(states.append)
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(scenario.built_in()["i-love-you"])
    qtbot.waitUntil(lambda: session.state == READY, timeout=60_000)
    is_there = patched_tables(monkeypatch)
    session.open(scenario.built_in()["ten-words"])
    qtbot.waitUntil(is_there.is_set, timeout=20_000)
    opening, *_ = session.going_on()
    assert (opening.title, opening.fraction, opening.must_end) == ("Opening", 0.25, False)
    opening.cancel()
    qtbot.waitUntil(lambda: states[-2:] == [OPENING, READY], timeout=20_000)
    monkeypatch.undo()
    qtbot.waitUntil(lambda: session.going_on() == [], timeout=20_000)
    assert session.scenario is not None
    assert session.scenario.name == "我爱你"
    session.step(3)
    qtbot.waitUntil(lambda: session.state == PAUSED, timeout=20_000)


def test_starting_anew_tells_how_far_it_is_and_cancelled_leaves_the_run_as_it_was(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_(qtbot, session)
    session.step(50)
    latest(qtbot, session, 50)
    wait_for(qtbot, session, PAUSED)
    with monkeypatch.context() as patch:
        is_there = patched_tables(patch)
        session.reset()
        qtbot.waitUntil(is_there.is_set, timeout=20_000)
        (opening,) = session.going_on()
        assert (opening.title, opening.fraction, opening.must_end) == ("Starting anew", 0.25, False)
        opening.cancel()
        qtbot.waitUntil(lambda: session.going_on() == [], timeout=20_000)
        wait_for(qtbot, session, PAUSED)
    session.step(3)
    latest(qtbot, session, 53)


def test_what_is_opened_last_is_opened_and_nothing_before_it_is_waited_for(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    session.opened.connect(lambda problem: opened.append(problem.name))
    with monkeypatch.context() as patch:
        is_there = patched_tables(patch)
        session.open(scenario.built_in()["ten-words"])
        qtbot.waitUntil(is_there.is_set, timeout=20_000)
        session.open(scenario.built_in()["small-talk"])
    session.open(scenario.built_in()["safe-speech"])
    qtbot.waitUntil(lambda: opened[-1:] == ["Safe speech: a penalty"], timeout=20_000)
    wait_for(qtbot, session, READY)
    assert opened[:-1] in ([], ["Small talk"])  # a small one may be there before the next is asked for


def test_opening_can_be_cancelled_while_a_corpus_is_cut(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_(qtbot, session)
    wait_for(qtbot, session, READY)
    lines, asked = 20_000, list[str]()

    def slowly(line: str) -> list[str]:
        asked.append(line)
        time.sleep(0.001)
        return line.split(" ")

    monkeypatch.setitem(text.TOKENIZERS, "whitespace", slowly)
    path = tmp_path / "long.toml"
    path.write_text(LONG, "utf-8")
    (tmp_path / "corpus.txt").write_text("\n".join(f"line {number}" for number in range(lines)), "utf-8")
    session.open(path)
    qtbot.waitUntil(lambda: len(asked) > 100, timeout=20_000)
    (opening,) = session.going_on()
    assert opening.title == "Opening: cutting the corpus into words"
    assert 0 < opening.fraction < 1
    opening.cancel()
    qtbot.waitUntil(lambda: session.going_on() == [], timeout=20_000)
    wait_for(qtbot, session, READY)
    assert len(asked) < lines
    assert session.scenario is not None
    assert session.scenario.name == "我爱你"


def test_tracing_makes_way_for_a_picture_and_goes_on_when_it_has_been_drawn(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("langrl_gui.ui.session.LONGEST_PICTURE", 60.0)
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(scenario.built_in()["morning-tea"])
    qtbot.waitUntil(lambda: session.state == READY, timeout=60_000)
    session.begin_picture()
    session.run(at_once=True, endless=True)
    qtbot.waitUntil(lambda: session.state == RUNNING, timeout=20_000)
    qtbot.wait(300)
    latest(qtbot, session)
    qtbot.wait(300)
    assert session.take() is None, "it waits"
    session.end_picture()
    qtbot.waitUntil(lambda: latest(qtbot, session).traced > 100, timeout=20_000)
    session.pause()
    qtbot.waitUntil(lambda: session.state == PAUSED, timeout=20_000)


def test_side_work_makes_way_for_a_picture_and_goes_on_when_it_has_been_drawn(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("langrl_gui.ui.session.LONGEST_PICTURE", 60.0)
    done, may_end = [0], threading.Event()

    def count(progress: Callable[[float], bool]) -> None:
        report = work.Report(progress)
        while not may_end.is_set():
            report(0.5)
            done[0] += 1
            time.sleep(0.001)

    session.side.start(session.side.new("count", "Counting", count))
    qtbot.waitUntil(lambda: done[0] > 10, timeout=20_000)
    session.begin_picture()
    qtbot.wait(100)
    before = done[0]
    qtbot.wait(200)
    assert done[0] == before, "it waits"
    session.end_picture()
    qtbot.waitUntil(lambda: done[0] > before + 10, timeout=20_000)
    may_end.set()
    qtbot.waitUntil(lambda: not session.side.running, timeout=20_000)


def test_closing_does_not_wait_for_what_is_being_opened(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    is_there = patched_tables(monkeypatch)
    session = Session()
    session.start()
    session.open(scenario.built_in()["ten-words"])
    qtbot.waitUntil(is_there.is_set, timeout=20_000)
    session.close()


def test_a_search_that_ends_when_the_session_is_gone_tells_nobody(qtbot: QtBot) -> None:
    session = Session()
    session.start()
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(scenario.find("ten-words"))
    session.step(20_000_000)
    qtbot.waitUntil(lambda: session.state == FINISHED, timeout=60_000)
    with qtbot.waitSignal(session.finding, timeout=20_000):
        session.find_update((0,), insists=True)
    (search,) = session.side.running
    session.close()  # the search has ended, and what it has to say is on its way
    assert search.isFinished()
    session.deleteLater()
    with qtbot.captureExceptions() as raised:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
    assert not isValid(session)
    assert raised == []
