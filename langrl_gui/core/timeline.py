"""Where a moment of a run is, and what people changed on the way. Addresses, events and branches; no arrays, no Qt."""

from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from langrl_gui.core.i18n import tr


class Address(NamedTuple):
    """A moment: `step` steps into `branch`, the events before that step applied."""

    branch: int
    step: int


START: Final = Address(0, 0)


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
    pointer: Address = START

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
                        {"step": event.step, "sequence": event.sequence, "set": event.path, "to": float(event.value)}
                        for event in branch.events
                    ],
                }
                for branch in self.branches
            ],
            "pointer": list(self.pointer),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Timeline":
        """The timeline that `to_data` gave as `data`, which has that form.

        Raises
        ------
        ValueError
            With a sentence, if it contradicts itself: a branch that leaves none before it, or an event or a pointer
            where its branch is not.
        """
        branches: list[Branch] = []
        for number, entry in enumerate(data["branches"]):
            parent = Address(*entry["parent"]) if entry["parent"] is not None else None
            if (parent is None) != (number == 0) or (parent and not _lies_on(parent, branches)):
                raise ValueError(tr("branch {number} leaves none before it", number=number))
            step, sequence = parent.step if parent else 0, -1
            events = tuple(Event(e["step"], e["sequence"], e["set"], e["to"]) for e in entry["events"])
            for event in events:
                if event.step < step or event.sequence != (sequence + 1 if event.step == step else 0):
                    raise ValueError(tr("the events of branch {number} are not in order", number=number))
                step, sequence = event.step, event.sequence
            branches.append(Branch(parent, events))
        pointer = Address(*data["pointer"])
        if not _lies_on(pointer, branches):
            raise ValueError(tr("the pointer is on no branch"))
        return cls(tuple(branches), pointer)


def _lies_on(address: Address, branches: list[Branch]) -> bool:
    """Whether the address is on one of the branches, at or after the step at which that begins."""
    if not 0 <= address.branch < len(branches):
        return False
    parent = branches[address.branch].parent
    return address.step >= (parent.step if parent else 0)
