"""States and words of the graph in sentences with exact numbers: for tooltips, lists and screen readers."""

from langrl_gui.core.i18n import tr, tr_n
from langrl_gui.core.telemetry import Graph
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import format
from langrl_gui.ui.views.state_graph.layout import Layout


def exact(number: float) -> str:
    """All digits, signed, with a real minus sign."""
    return f"{float(number):+}".replace("-", "−")


def node(layout: Layout, graph: Graph, at: int, others: int = 0) -> str:
    """A state, one fact a line; `others` are drawn where it is."""
    shape, visits = graph.shape, format.count(int(graph.visits[at]))
    lines = [layout.text(at)]
    if shape.ends[at]:
        lines.append(
            tr_for(layout.scenario, "The text ends here, with a return of {total}", total=exact(shape.total[at]))
        )
        lines.append(tr_for(layout.scenario, "Said: {count} ×", count=visits))
    else:
        lines.append(tr("Value {value}", value=exact(graph.value[at])))
        lines.append(tr("Visits: {count}", count=visits))
    if shape.more[at]:
        lines.append(tr_for(layout.scenario, "More words tried here: {count}", count=format.count(int(shape.more[at]))))
    if others > 0:
        lines.append(
            tr_n(
                "{count} more state here; zoom in to tell them apart",
                "{count} more states here; zoom in to tell them apart", others, count=format.count(others),
            )
        )  # fmt: skip
    return "\n".join(lines)


def edge(layout: Layout, graph: Graph, at: int) -> str:
    """A word in a state, one fact a line."""
    tried = int(graph.edge_visits[at])
    return "\n".join(
        (
            f"{layout.text(int(graph.shape.source[at]))} → {layout.word(at)}",
            f"Q {exact(graph.q[at])}",
            tr("Tried: {count} ×", count=format.count(tried)) if tried else tr("Never tried"),
        )
    )
