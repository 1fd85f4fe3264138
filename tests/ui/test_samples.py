"""The list of samples shows what the trainer took, adds what is new, and stays where somebody reads."""

from dataclasses import replace

from PySide6.QtWidgets import QApplication, QLabel, QTableView
from pytestqt.qtbot import QtBot

from langrl_gui.core import oracle, scenario
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Observer, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.views.samples import PROMPT, SAYS, STEP, Samples


class Shown:
    """A trainer, and a visible list of its samples."""

    def __init__(self, qtbot: QtBot, problem: Scenario) -> None:
        self.trainer = Trainer(problem)
        self.view = Samples()
        qtbot.addWidget(self.view)
        self.view.resize(330, 160)
        self.view.begin(problem)
        self.view.show()

    def draw(self, steps: int) -> None:
        self.trainer.advance(steps)
        self.view.draw(Observer(self.trainer).observe(Wanted(**self.view.wants())))
        QApplication.processEvents()

    @property
    def table(self) -> QTableView:
        found = self.view.findChild(QTableView)
        assert isinstance(found, QTableView)
        return found

    def column(self, number: int) -> list[str]:
        model = self.table.model()
        return [str(model.data(model.index(row, number))) for row in range(model.rowCount())]


def test_that_every_sample_is_a_line_with_its_step_and_text(qtbot: QtBot) -> None:
    shown = Shown(qtbot, scenario.find("ten-words"))
    for steps in (0, 7, 40, 400, 40_000):
        shown.draw(steps)
        taken, language = shown.trainer.samples.taken, shown.trainer.scenario.language
        assert shown.column(SAYS) == [language.join(sample.words) for sample in taken]
        assert [int(text.replace("\u202f", "")) for text in shown.column(STEP)] == [sample.step for sample in taken]
    assert shown.table.isColumnHidden(PROMPT)
    shown.view.copy()
    lines = QApplication.clipboard().text().splitlines()[1:]
    assert [float(line.split("\t")[4]) for line in lines] == [sample.value for sample in taken]


def test_that_the_optimum_is_marked(qtbot: QtBot) -> None:
    shown = Shown(qtbot, scenario.find("i-love-you"))
    shown.draw(3000)
    assert shown.column(SAYS)[-1] == "我爱你"
    shown.view.set_optimum(oracle.solve(shown.trainer.scenario))
    assert shown.column(SAYS)[-1] == "✓ 我爱你"
    assert [text.startswith("✓") for text in shown.column(SAYS)].count(True) == 1


def test_that_the_end_stays_in_sight_until_somebody_scrolls_back(qtbot: QtBot) -> None:
    shown = Shown(qtbot, scenario.find("ten-words"))
    shown.draw(60)
    bar = shown.table.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()
    bar.setValue(0)
    rows = len(shown.column(STEP))
    shown.draw(100_000)
    assert len(shown.column(STEP)) > rows
    assert bar.value() == 0


def test_that_an_empty_list_says_what_would_fill_it(qtbot: QtBot) -> None:
    shown = Shown(qtbot, scenario.find("i-love-you"))
    assert any("written down here" in label.text() for label in shown.view.findChildren(QLabel) if label.isVisible())
    shown.draw(30)
    assert shown.table.isVisible()
    shown.view.begin(scenario.find("ten-words"))
    assert not shown.table.isVisible()


def test_that_a_run_whose_samples_were_not_saved_says_from_where_they_are(qtbot: QtBot) -> None:
    shown = Shown(qtbot, scenario.find("ten-words"))
    shown.draw(1000)
    said: list[str] = []
    shown.view.subtitleChanged.connect(said.append)
    shown.trainer = Trainer.of_moment(shown.trainer.scenario, replace(shown.trainer.moment(), samples=None))
    shown.view.begin(shown.trainer.scenario)
    shown.draw(1400)
    assert said[-1] == "since the run was opened, at step 1\u202f000"
    assert shown.column(STEP)[0] == "1\u202f000"
