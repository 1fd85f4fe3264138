"""The scenario in short: a weight for each reward term, which changes the run at once."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from langrl_gui.core import scenario
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Wanted
from langrl_gui.ui.session import PAUSED, READY, Session
from langrl_gui.ui.views.parameters import NumberField, Parameters


def with_terms(*terms: dict[str, object]) -> Scenario:
    data = scenario.to_data(scenario.find("i-love-you"))
    data["rewards"] = list(terms)
    return scenario.from_data(data)


def weights(view: Parameters) -> dict[str, float]:
    fields = view.findChildren(NumberField)
    return {field.objectName(): field.value() for field in fields if field.objectName().startswith("rewards.")}


def test_every_term_has_its_weight_and_says_what_it_is_for(qtbot: QtBot) -> None:
    view = Parameters()
    qtbot.addWidget(view)
    view.begin(with_terms({"kind": "match", "weight": 2}, {"kind": "repetition", "amount": -0.5, "weight": -3}))
    assert weights(view) == {"rewards.0.weight": 2.0, "rewards.1.weight": -3.0}
    field = view.findChild(NumberField, "rewards.1.weight")
    assert field.accessibleName() == "Repetition: Weight"
    assert "What it costs to say again" in field.toolTip()
    assert "Amount: −0.5" in field.toolTip()
    with qtbot.waitSignal(view.edited) as edited:
        field.setValue(1.5)
    assert edited.args == ["rewards.1.weight", 1.5]
    view.begin(with_terms({"kind": "words", "words": {"我": 1}}))
    assert weights(view) == {"rewards.0.weight": 1.0}


def test_a_weight_that_is_set_is_an_event_and_gives_another_optimum(qtbot: QtBot, tmp_path: Path) -> None:
    session = Session()
    session.look(Wanted(says=True))
    session.start()
    try:
        with qtbot.waitSignal(session.optimum_found, timeout=20_000):
            session.open(scenario.find("i-love-you"))
        qtbot.waitUntil(lambda: session.state in (READY, PAUSED), timeout=60_000)
        assert session.solution is not None
        assert session.solution.start_value == 2.8525
        with qtbot.waitSignals([session.changed, session.optimum_found], timeout=20_000):
            session.set("rewards.0.weight", 2.0)
        assert session.scenario is not None
        assert session.scenario.rewards[0].weight == 2.0
        qtbot.waitUntil(lambda: session.solution is not None and session.solution.start_value == 5.705, timeout=20_000)
    finally:
        session.close()
