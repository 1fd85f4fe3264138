"""The reward: a list of weighted terms, each in a module of its own, settings and automaton side by side.

A new term is a module here and its name in `BUILT_IN`. A package of anybody's can announce one of its own under the
entry point group `langrl_gui.rewards`; a scenario can name no others. Knows language and corpora; nothing of
scenarios, tables or learning.
"""

import typing
from importlib import metadata
from typing import Final

from langrl_gui.core.rewards.bleu import BleuReward
from langrl_gui.core.rewards.chrf import ChrfReward
from langrl_gui.core.rewards.coherence import CoherenceReward
from langrl_gui.core.rewards.edit import EditReward
from langrl_gui.core.rewards.exact import ExactReward
from langrl_gui.core.rewards.fluency import FluencyReward
from langrl_gui.core.rewards.forbidden import ForbiddenReward
from langrl_gui.core.rewards.grammar import GrammarReward
from langrl_gui.core.rewards.length import LengthReward
from langrl_gui.core.rewards.match import MatchReward
from langrl_gui.core.rewards.repetition import RepetitionReward
from langrl_gui.core.rewards.required import RequiredReward
from langrl_gui.core.rewards.term import (
    Amount,
    Following,
    Ground,
    Memory,
    Reward,
    ShapableReward,
    ShapableTerm,
    Step,
    Term,
    Words,
)
from langrl_gui.core.rewards.word_table import WordsReward

__all__ = [
    "BUILT_IN",
    "GROUP",
    "Amount",
    "Following",
    "Ground",
    "Memory",
    "Reward",
    "ShapableReward",
    "ShapableTerm",
    "Step",
    "Term",
    "Words",
    "announced",
    "kind_of",
]

BUILT_IN: Final[tuple[type[Reward], ...]] = (
    MatchReward,
    ExactReward,
    EditReward,
    BleuReward,
    ChrfReward,
    FluencyReward,
    GrammarReward,
    CoherenceReward,
    ForbiddenReward,
    RequiredReward,
    RepetitionReward,
    LengthReward,
    WordsReward,
)
"""In the order in which the form offers them."""

GROUP: Final = "langrl_gui.rewards"
"""Entry points under which installed packages announce terms: `kind = "package.module:Class"`."""


def announced() -> tuple[tuple[type[Reward], ...], dict[str, str]]:
    """The terms that installed packages announce, and for each kind that cannot be used the reason."""
    kinds = {kind_of(term) for term in BUILT_IN}
    usable: list[type[Reward]] = []
    unusable: dict[str, str] = {}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        if point.name in kinds:  # nobody takes over a built-in kind, and of two packages the first has it
            continue
        try:
            term = point.load()
            if not (isinstance(term, type) and issubclass(term, Reward)):
                raise TypeError(f"{point.value} is not a subclass of langrl_gui.core.rewards.Reward")
            if kind_of(term) != point.name:
                raise TypeError(f"{point.value} is of the kind {kind_of(term)!r}")
        except Exception as error:  # what a foreign package does wrong must not keep the program from starting
            unusable[point.name] = f"{type(error).__name__}: {error}"
            continue
        kinds.add(point.name)
        usable.append(term)
    return tuple(usable), unusable


def kind_of(term: type[Reward]) -> str:
    """The word by which a scenario names this term."""
    (kind,) = typing.get_args(term.model_fields["kind"].annotation)
    return str(kind)
