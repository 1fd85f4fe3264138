"""What the agent would have said over time."""

from dataclasses import dataclass

from langrl_gui.core.samples import Sample
from langrl_gui.core.trainer import Trainer


@dataclass(frozen=True)
class SampleList:
    """The samples of a run, in the order in which they were taken."""

    taken: tuple[Sample, ...]
    dropped: int
    """How many came before, for which there is no room any more."""


def observe_samples(trainer: Trainer) -> SampleList:
    """The samples that were taken so far; none where nobody asked the trainer to take them."""
    samples = trainer.samples
    return SampleList((), 0) if samples is None else SampleList(tuple(samples.taken), samples.dropped)
