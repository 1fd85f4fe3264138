"""Where a moment of a run is, and what people changed on the way. Addresses, events and branches; no arrays, no Qt."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple


class Address(NamedTuple):
    """A moment: `step` steps into `branch`, the events before that step applied."""

    branch: int
    step: int


@dataclass(frozen=True)
class Event:
    """A change that somebody made to a run before its step number `step`."""

    step: int
    sequence: int
    """Order among the events of one step, from 0."""
    path: str
    """The scenario's field that was set, such as "learner.alpha"."""
    value: float


@dataclass(frozen=True)
class Branch:
    """A run's course from its parent's address on; the first branch has none and starts at step 0."""

    parent: Address | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Timeline:
    """All branches of a run, and the moment it stands at."""

    branches: tuple[Branch, ...] = (Branch(),)
    pointer: Address = Address(0, 0)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of the branch that the pointer is on, in order."""
        return self.branches[self.pointer.branch].events

    def at(self, step: int) -> "Timeline":
        """The same with the pointer at `step` of its branch."""
        return replace(self, pointer=Address(self.pointer.branch, step))

    def with_event(self, path: str, value: float) -> "Timeline":
        """The same with one more event, before the step the pointer is at."""
        here = self.pointer
        branch = self.branches[here.branch]
        sequence = sum(event.step == here.step for event in branch.events)
        changed = replace(branch, events=(*branch.events, Event(here.step, sequence, path, value)))
        branches = (*self.branches[: here.branch], changed, *self.branches[here.branch + 1 :])
        return replace(self, branches=branches)

    def to_data(self) -> dict[str, Any]:
        """As plain lists and dictionaries, for a run file."""
        return {
            "branches": [
                {
                    "parent": list(branch.parent) if branch.parent else None,
                    "events": [
                        {"step": e.step, "sequence": e.sequence, "set": e.path, "to": e.value} for e in branch.events
                    ],
                }
                for branch in self.branches
            ],
            "pointer": list(self.pointer),
        }
