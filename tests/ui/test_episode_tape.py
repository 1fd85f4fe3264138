"""The episode tape tells what was said and earned, and what the agent would say now beside the optimum."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPalette
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QScrollBar, QToolTip
from pytestqt.qtbot import QtBot

from langrl_gui.core import oracle, scenario
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.telemetry import Observer, Snapshot, TapeStep, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui import theme
from langrl_gui.ui.selection import Selection
from langrl_gui.ui.views.episode_tape import EpisodeTape


class Shown:
    """A trainer, and a visible tape of it."""

    def __init__(self, qtbot: QtBot, problem: Scenario, size: tuple[int, int] = (900, 70)) -> None:
        self.trainer = Trainer(problem)
        self.selection = Selection()
        self.view = EpisodeTape(self.selection)
        qtbot.addWidget(self.view)
        self.view.resize(*size)
        self.view.begin(problem)
        self.view.show()

    def draw(self, steps: int) -> Snapshot:
        self.trainer.advance(steps)
        snapshot = Observer(self.trainer).observe(Wanted(**self.view.wants()))
        self.view.draw(snapshot)
        self.view.grab()
        return snapshot

    def tips(self, row: int) -> list[str]:
        """What a pointer is told that goes along the first or second row, from left to right."""
        y, tips = (12, 45)[row], [""]
        for x in range(self.view.width()):
            tip = self.view.describe(QPointF(x, y)).split("\nClick: ")[0]
            if tip != tips[-1]:
                tips.append(tip)
        return [tip for tip in tips if tip]

    @property
    def answers(self) -> QAbstractScrollArea:
        found = self.view.findChild(QAbstractScrollArea)
        assert isinstance(found, QAbstractScrollArea)
        return found


@pytest.fixture
def tea(qtbot: QtBot) -> Shown:
    return Shown(qtbot, scenario.find("morning-tea"), (1400, 70))


@pytest.fixture
def love(qtbot: QtBot) -> Shown:
    return Shown(qtbot, scenario.find("i-love-you"))


def test_that_an_environment_s_policy_is_the_optimum_where_it_is_worth_as_much_not_where_it_begins_alike(
    qtbot: QtBot,
) -> None:
    lake = Shown(qtbot, scenario.find("frozen-lake"))
    best = oracle.solve(lake.trainer.scenario)
    lake.view.set_optimum(best)
    before = lake.draw(30).says[0]
    assert before.words == best.optimum[0].words  # the likeliest of what action 0 does at the start is nothing
    assert [answer.result for answer in lake.view._answers.shown] == ["value 0.00, optimum 0.54"]
    cliff = Shown(qtbot, scenario.find("cliff-walking"))
    cliff.view.set_optimum(oracle.solve(cliff.trainer.scenario))
    before = cliff.draw(400).says[0]
    assert not before.ends  # it goes round, and nothing that it earns on the way tells what it is worth
    (answer,) = cliff.view._answers.shown
    assert (answer.text[-2:], answer.result) == (" …", "value −100.00, optimum −12.25")
    assert "would go round for ever" in answer.tip
    cliff.draw(60_000)
    assert [answer.result for answer in cliff.view._answers.shown] == ["= optimum, return −13.00"]


def test_that_an_episode_of_an_environment_begins_with_the_name_of_its_state(qtbot: QtBot) -> None:
    lake = Shown(qtbot, scenario.find("frozen-lake"))
    lake.draw(1)
    assert lake.tips(0)[0] == "The episode began in state 0"


def many_prompts(count: int) -> Scenario:
    prompts = [{"text": f"prompt {number}", "references": ["a b", "b a"][number % 2 :]} for number in range(count)]
    return from_data(
        {
            "name": "many",
            "language": {"words": ["a", "b"], "joiner": " ", "max_length": 2},
            "prompts": prompts,
            "rewards": [{"kind": "match"}],
        }
    )


def test_that_the_rows_are_the_episode_in_progress_and_the_one_before(tea: Shown) -> None:
    tape = tea.draw(94).tape
    words = tea.trainer.scenario.language.words
    assert tape is not None
    assert tape.steps
    assert len(tape.previous) == 7

    def told(steps: tuple[TapeStep, ...]) -> list[str]:
        return [f"{words[step.word]}: reward {step.reward}".replace("-", "−") for step in steps]

    assert tea.tips(0) == ["Prompt: nothing", *told(tape.steps), "The next word"]
    assert tea.tips(1) == ["Prompt: nothing", *told(tape.previous)]


def test_that_rewards_are_those_of_the_tables(tea: Shown) -> None:
    tape = tea.draw(94).tape
    assert tape is not None
    edges = tea.trainer.last_edges(tea.trainer.position)
    assert [step.reward for step in tape.steps] == tea.trainer.tables.reward[edges].tolist()
    shown = [float(tip.split(" reward ")[1].replace("−", "-")) for tip in tea.tips(0)[1:-1]]
    assert shown == [step.reward for step in tape.steps]


def test_that_the_title_counts_the_episodes_in_groups(love: Shown, qtbot: QtBot) -> None:
    with qtbot.waitSignal(love.view.titleChanged) as told:
        love.draw(30_001)
    assert told.args == ["Episode 10\u202f001"]
    assert love.view.title() == told.args[0]


def test_that_the_title_numbers_the_episode_that_is_shown_above_the_last_one_finished(love: Shown) -> None:
    titles = [(love.draw(step), love.view.title())[1] for step in range(8)]
    assert titles == [f"Episode {number}" for number in (1, 1, 1, 1, 2, 2, 2, 3)]


def test_that_the_line_beside_the_title_adds_up_the_rewards(love: Shown, qtbot: QtBot) -> None:
    with qtbot.waitSignal(love.view.subtitleChanged) as told:
        tape = love.draw(3002).tape
    assert tape is not None
    total = sum(step.reward for step in tape.steps)
    assert told.args is not None
    assert told.args[0].startswith(f"return so far {total:+g}".replace("-", "−"))


def test_that_the_answer_is_called_optimum_only_when_it_is(love: Shown) -> None:
    love.view.set_optimum(oracle.solve(love.trainer.scenario))
    love.draw(0)
    assert love.answers.accessibleDescription() == "我我我 −1.00, optimum 3.00"
    love.draw(3000)
    assert love.answers.accessibleDescription() == "我爱你 = optimum, return 3.00"
    love.view.set_optimum(None)
    assert love.answers.accessibleDescription() == "我爱你 3.00"


def test_that_values_are_not_compared_across_discounts(love: Shown) -> None:
    love.view.set_optimum(oracle.solve(love.trainer.scenario))
    love.draw(3000)
    love.trainer.set("learner.gamma", 1.0)
    love.draw(3001)
    said = "我爱你 = optimum, return 3.00"  # the same words are as good at any discount
    assert love.answers.accessibleDescription() == said


def test_that_an_equal_return_that_comes_later_is_told_apart_by_its_value(qtbot: QtBot) -> None:
    problem = from_data(
        {
            "name": "later",
            "language": {"words": ["a", "b"], "max_length": 2},
            "prompts": [{"references": ["ab"]}],
            "rewards": [{"kind": "match"}],
            "learner": {"method": "q-learning", "gamma": 0.5},
        }
    )
    shown = Shown(qtbot, problem)
    solution = oracle.solve(problem)
    best = solution.optimum[0]
    later = best._replace(words=(1, 0), text="ba", value=best.value + 0.25)
    object.__setattr__(solution, "optimum", (later,))
    shown.view.set_optimum(solution)
    shown.draw(2000)
    assert shown.answers.accessibleDescription() == "ab 1.50, optimum 1.75"


def test_that_old_words_make_way_where_there_is_no_room(tea: Shown) -> None:
    tape = tea.draw(96).tape
    assert tape is not None
    steps = len(tape.steps)
    assert steps >= 3
    for width in (700, 420, 240, 120):
        tea.view.resize(width, 160)
        tea.view.grab()
        tips = tea.tips(0)
        assert tips[0] == "Prompt: nothing"
        assert tips[-1] == "The next word"
    assert len(tips) < steps + 2  # some were left out ...
    words = tea.trainer.scenario.language.words
    assert all(words[step.word] in tips[1] for step in tape.steps)  # ... and the gap tells all of them


def test_that_the_episodes_before_have_the_room_below_a_single_answer(qtbot: QtBot) -> None:
    tea = Shown(qtbot, scenario.find("morning-tea"), (800, 70))
    tape = tea.draw(94).tape
    assert tape is not None
    assert tea.answers.width() > 200
    words = tea.trainer.scenario.language.words
    expected = [f"{words[step.word]}: reward {step.reward}".replace("-", "−") for step in tape.previous]
    assert tea.tips(1) == ["Prompt: nothing", *expected]
    assert max(rect.right() for rect, _ in tea.view._spots) > tea.answers.x()


def test_that_many_answers_scroll(qtbot: QtBot) -> None:
    shown = Shown(qtbot, many_prompts(40))
    snapshot = shown.draw(5000)
    assert snapshot.says is not None
    lines = shown.answers.accessibleDescription().split("\n")
    assert [line.split(" ")[:2] for line in lines] == [["prompt", str(number)] for number in range(40)]
    bar = shown.answers.verticalScrollBar()
    assert bar.maximum() > 0
    assert shown.answers.focusPolicy() == Qt.FocusPolicy.StrongFocus
    qtbot.keyClick(shown.answers, Qt.Key.Key_Down)
    assert bar.value() > 0
    bar.setValue(bar.maximum())
    point = shown.answers.viewport().rect().bottomLeft()
    help_event = QHelpEvent(QEvent.Type.ToolTip, point, shown.answers.viewport().mapToGlobal(point))
    QApplication.sendEvent(shown.answers.viewport(), help_event)
    said = snapshot.says[39]
    assert QToolTip.text().split("\n")[0] == "prompt 39"
    assert f"value {said.value}".replace("-", "−") in QToolTip.text()
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not any(w.isVisible() for w in QApplication.topLevelWidgets() if w is not shown.view))


def colors(image: QImage) -> set[int]:
    return {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}


def test_that_a_right_word_is_green_and_a_wrong_one_red(love: Shown) -> None:
    love.draw(3)
    tape = None
    while tape is None or not any(step.reward < 0 for step in tape.steps + tape.previous):
        tape = love.draw(love.trainer.step + 1).tape
    while not any(step.reward > 0 for step in tape.steps) or not any(step.reward < 0 for step in tape.steps):
        tape = love.draw(love.trainer.step + 1).tape
        assert tape is not None
    shown = {QColor(rgb).name() for rgb in colors(love.view.grab().toImage())}
    assert {theme.GREEN.name(), theme.RED.name(), theme.BLUE.name()} <= shown


def test_that_an_empty_tape_says_what_would_fill_it(qtbot: QtBot) -> None:
    view = EpisodeTape(Selection())
    qtbot.addWidget(view)
    view.resize(600, 70)
    assert len(colors(view.grab().toImage())) > 1


def test_that_a_new_run_forgets_the_old_one(love: Shown) -> None:
    love.draw(3002)
    love.view.begin(scenario.find("morning-tea"))
    love.view.grab()
    assert love.view.title() == "Episode"
    assert love.tips(0) == []
    assert love.answers.accessibleDescription() == ""


def test_that_the_tape_follows_the_palette_at_once(love: Shown) -> None:
    love.draw(3002)
    love.view.setPalette(QPalette(QColor("#222222")))
    shown = {QColor(rgb).lightness() for rgb in colors(love.view.grab().toImage())}
    assert max(shown) > 150
    assert min(shown) < 60


def test_that_keyboard_users_are_told_the_tape(love: Shown, qtbot: QtBot) -> None:
    tape = love.draw(3002).tape
    assert tape is not None
    words = love.trainer.scenario.language.words
    said = [f"{words[step.word]} {step.reward:+g}".replace("-", "−") for step in tape.steps]
    love.view.activateWindow()
    qtbot.waitUntil(love.view.isActiveWindow)
    love.view.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: love.view.accessibleDescription() == "  ".join(["⌂", *said]))


def test_that_every_remembered_episode_is_in_its_place_with_its_rewards(tea: Shown) -> None:
    trainer = tea.trainer
    said: list[tuple[int, ...]] = []
    for _ in range(30):
        trainer.advance(10**9, trainer.episode + 1)
        edges = trainer.last_edges(7)
        said.append(tuple(trainer.tables.words_of(edges).tolist()))
    trainer.advance(trainer.step + 3)
    tape = Observer(trainer).observe(Wanted(tape=31)).tape
    assert tape is not None
    assert [tuple(step.word for step in episode.steps) for episode in tape.past] == said[::-1]
    assert [episode.number for episode in tape.past] == list(range(30, 0, -1))
    assert tape.remembered == 30
    edges = trainer.last_edges(trainer.step)
    rewards = [step.reward for episode in reversed(tape.past) for step in episode.steps]
    assert rewards + [step.reward for step in tape.steps] == trainer.tables.reward[edges].tolist()


def test_that_no_more_is_remembered_than_the_tape_holds(love: Shown) -> None:
    love.trainer.advance(30_001)
    tape = Observer(love.trainer).observe(Wanted(tape=10**6)).tape
    assert tape is not None
    assert len(tape.past) == tape.remembered == 4095 // 3
    assert tape.past[-1].number == 10_000 - 4095 // 3 + 1


def test_that_a_run_taken_up_from_a_moment_remembers_the_words_in_progress_only(love: Shown) -> None:
    love.trainer.advance(3002)
    again = Trainer.of_moment(love.trainer.start_scenario, love.trainer.moment())
    tape = Observer(again).observe(Wanted(tape=10)).tape
    assert tape is not None
    assert tape.past == ()
    assert [step.word for step in tape.steps] == list(love.trainer.words)
    again.advance(3009)
    tape = Observer(again).observe(Wanted(tape=10)).tape
    assert tape is not None
    assert [episode.number for episode in tape.past] == [1003, 1002, 1001]


def test_that_history_scrolls_and_stands_still_while_the_run_goes_on(love: Shown, qtbot: QtBot) -> None:
    love.draw(3000)
    bar = love.view.findChild(QScrollBar)
    assert isinstance(bar, QScrollBar)
    assert bar.isVisible()
    newest = love.tips(1)
    qtbot.keyClick(love.view, Qt.Key.Key_PageDown)
    qtbot.keyClick(love.view, Qt.Key.Key_Down)
    love.draw(3000)  # what was scrolled to is asked for, and comes
    love.view.grab()
    scrolled = love.tips(1)
    assert scrolled != newest
    love.draw(6000)
    assert love.tips(1) == scrolled
    qtbot.keyClick(love.view, Qt.Key.Key_Home)
    tape = love.draw(6000).tape
    assert tape is not None
    words = love.trainer.scenario.language.words
    assert [tip.split(":")[0] for tip in love.tips(1)[1:]] == [words[step.word] for step in tape.previous]


def test_that_a_click_on_a_word_selects_the_state_it_led_to(love: Shown, qtbot: QtBot) -> None:
    tape = love.draw(3002).tape
    assert tape is not None

    def click(text: str, row: int) -> None:
        y = (12, 45)[row]
        x = next(x for x in range(900) if love.view.describe(QPointF(x, y)).startswith(text))
        qtbot.mouseClick(love.view, Qt.MouseButton.LeftButton, pos=QPoint(x + 3, y))

    click("Prompt", 0)
    assert love.selection.state == (0,)
    click(love.trainer.scenario.language.words[tape.steps[0].word], 0)
    assert love.selection.state == (0, tape.steps[0].word)
    click("The next word", 0)
    assert love.selection.state == tape.state == (0, *love.trainer.words)
    last = tape.previous[2]
    x = max(x for x in range(900) if "reward" in love.view.describe(QPointF(x, 45)))
    qtbot.mouseClick(love.view, Qt.MouseButton.LeftButton, pos=QPoint(x - 3, 45))
    assert love.selection.state == last.state == (0, *(step.word for step in tape.previous[:2]))


def test_that_arrow_keys_walk_along_the_episode(love: Shown, qtbot: QtBot) -> None:
    love.draw(3002)
    words = love.trainer.words
    states = [(0, *words[:count]) for count in range(3)]
    for state in (states[2], states[1], states[0], states[0]):
        qtbot.keyClick(love.view, Qt.Key.Key_Left)
        assert love.selection.state == state
    qtbot.keyClick(love.view, Qt.Key.Key_Right)
    assert love.selection.state == states[1]
    qtbot.keyClick(love.view, Qt.Key.Key_Escape)
    assert love.selection.state == ()
