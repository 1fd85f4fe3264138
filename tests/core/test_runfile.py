"""A run file gives back the run to the last bit, or says in one sentence why not; saving never loses what was there."""

import copy
import errno
import gzip
import hashlib
import json
import os
import pickle
import random
import resource
import stat
import struct
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui import cli
from langrl_gui.core import memory, runfile
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.errors import RunFileDamaged, RunFileError
from langrl_gui.core.runfile import Run
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.trainer import Trainer, state_hash
from tests.problems import small_scenarios

SOAK = os.environ.get("LANGRL_SOAK") == "1"


def small_trainer() -> Trainer:
    """我爱你 in the middle of an episode, with an event on the way."""
    trainer = Trainer(scenarios.find("i-love-you"), compiled=False)
    trainer.advance(20)
    trainer.set("learner.alpha", 0.25)
    trainer.advance(50)
    return trainer


@cache
def sound_file() -> bytes:
    return runfile.dumps(runfile.of_trainer(small_trainer()))


@pytest.fixture(scope="module")
def run() -> Run:
    return runfile.of_trainer(small_trainer())


def again(trainer: Trainer) -> Trainer:
    """The run saved, forgotten and taken up again."""
    return runfile.to_trainer(runfile.loads(runfile.dumps(runfile.of_trainer(trainer)), "again"))


def saved(trainer: Trainer) -> bytes:
    return runfile.dumps(runfile.of_trainer(trainer))


# -- what is saved comes back -----------------------------------------------------------------------------------------

changes = st.tuples(
    st.sampled_from(["learner.alpha", "learner.gamma", "learner.explore.epsilon"]),
    st.floats(0, 1, allow_subnormal=False),
)


@settings(max_examples=60, deadline=None)
@given(small_scenarios(), st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.none() | changes), max_size=6))
def test_a_run_saved_and_continued_gives_the_bytes_of_the_run_that_never_stopped(
    scenario: Scenario, stations: list[tuple[int, bool, tuple[str, float] | None]]
) -> None:
    never_stopped, stopped = Trainer(scenario), Trainer(scenario)
    for step, save_before_the_change, change in sorted(stations, key=lambda station: station[0]):
        never_stopped.advance(step)
        stopped.advance(step)
        if save_before_the_change:
            stopped = again(stopped)
        if change:
            never_stopped.set(*change)
            stopped.set(*change)
        if not save_before_the_change:
            stopped = again(stopped)
    never_stopped.advance(400)
    stopped.advance(400)
    assert saved(never_stopped) == saved(stopped)


def test_a_long_run_saved_in_widened_bins_goes_on_as_if_it_had_never_stopped() -> None:
    scenario = scenarios.find("ten-words")
    never_stopped, stopped = Trainer(scenario), Trainer(scenario)
    stopped.advance(77_777)
    assert stopped.moment().bin_shift == 4
    stopped = again(stopped)
    for trainer in (never_stopped, stopped):
        trainer.advance(200_003)
    assert saved(never_stopped) == saved(stopped)


@settings(max_examples=30, deadline=None)
@given(small_scenarios(), st.lists(st.integers(0, 300), max_size=5))
def test_the_same_run_gives_the_same_bytes_however_it_was_traced_and_sliced(
    scenario: Scenario, cuts: list[int]
) -> None:
    whole, sliced = Trainer(scenario), Trainer(scenario, whole=0)
    for cut in sorted(cuts):
        sliced.advance(cut)
    for trainer in (whole, sliced):
        trainer.advance(300)
    assert saved(whole) == saved(sliced)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 50])
def test_reading_and_writing_again_gives_the_same_bytes(steps: int) -> None:
    trainer = Trainer(scenarios.find("i-love-you"), compiled=False)
    trainer.advance(steps)
    data = saved(trainer)
    read = runfile.loads(data, "a run")
    assert runfile.dumps(read) == data
    assert state_hash(read.moment) == trainer.state_hash()
    assert read.scenario == trainer.scenario
    assert read.moment.timeline == trainer.timeline


def test_a_run_of_format_2_which_had_no_samples_is_read_goes_on_and_is_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = Parts.of(sound_file())
    del parts.description["stand"]["samples_dropped"]
    parts.description["format"] = 2
    old = tmp_path / "old.langrl"
    old.write_bytes(parts.without("samples.when", "samples.words", "samples.worth"))
    run = runfile.read(old)
    assert run.moment.samples is None
    assert state_hash(run.moment) == small_trainer().state_hash()
    trainer = runfile.to_trainer(run)
    trainer.advance(77)
    runfile.write(old, runfile.of_trainer(trainer))
    assert cli.main(["check", str(old), "--replay"]) == 0
    assert "gives the same bytes" in capsys.readouterr().out


def test_the_order_of_an_array_in_memory_does_not_matter(run: Run) -> None:
    fortran = replace(run.moment, q=np.asfortranarray(run.moment.q), visits=run.moment.visits.repeat(2, axis=0)[::2])
    big_endian = replace(run.moment, q=run.moment.q.astype(">f8"))
    for moment in (fortran, big_endian):
        assert runfile.dumps(replace(run, moment=moment)) == runfile.dumps(run)


def test_numpy_reads_the_table_in_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.langrl"
    runfile.write(path, run)
    q = safetensors.numpy.load_file(path)["q"]
    assert q.tobytes() == run.moment.q.tobytes()
    assert q.shape == run.moment.q.shape


def test_the_metadata_is_one_key_of_canonical_json_that_ends_with_its_own_hash(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.langrl"
    runfile.write(path, run)
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert list(metadata) == ["langrl"]
    description = json.loads(metadata["langrl"])
    assert list(description)[-1] == "sha256"
    claimed = description.pop("sha256")
    canonical = json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert metadata["langrl"] == f'{canonical[:-1]},"sha256":"{claimed}"}}'
    assert hashlib.sha256(canonical.encode()).hexdigest() == claimed
    assert description["tensors"] == {
        name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in safetensors.numpy.load_file(path).items()
    }
    assert description["timeline"]["branches"][0]["events"] == [
        {"step": 20, "sequence": 0, "set": "learner.alpha", "to": 0.25}
    ]
    assert description["scenario"]["learner"]["alpha"] == 0.5


def test_a_run_is_known_by_its_content(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "renamed.toml"
    runfile.write(path, run)
    assert runfile.is_run(path)
    text = tmp_path / "no.langrl"
    text.write_text(scenarios.dumps(run.scenario), "utf-8")
    foreign = tmp_path / "foreign.langrl"
    safetensors.numpy.save_file({"q": run.moment.q}, foreign)
    os.mkfifo(tmp_path / "pipe.langrl")
    for name in (text, foreign, tmp_path, tmp_path / "missing", tmp_path / "pipe.langrl"):
        assert not runfile.is_run(name)


@settings(max_examples=25, deadline=None)
@given(small_scenarios())
def test_exactly_the_states_that_the_agent_can_see_are_accepted(scenario: Scenario) -> None:
    trainer = Trainer(scenario, compiled=False)
    trainer.advance(1)
    run = runfile.of_trainer(trainer)
    tables = trainer.tables
    possible = {tuple(state) for state in tables.states[: tables.rows].tolist()}
    prompts, words = range(-1, len(scenario.starts) + 1), range(-3, len(scenario.language.words) + 1)
    every = list(product(prompts, *[words] * tables.width))
    accepted = set()
    for state in random.Random(0).sample(every, min(len(every), 150)) + sorted(possible)[:50]:
        moment = replace(run.moment, states=np.array([state], np.int32))
        try:
            runfile.loads(runfile.dumps(replace(run, moment=moment)), "a run")
        except RunFileError:
            assert state not in possible
        else:
            accepted.add(state)
    if scenario.language.shortlist is None:  # what a shortlist leaves out, the tables find when the run is taken up
        assert accepted <= possible
    assert accepted >= set(sorted(possible)[:50])


def test_a_run_of_another_kernel_version_can_be_read_but_not_continued(run: Run) -> None:
    older = replace(run, kernel=run.kernel._replace(version=run.kernel.version + 1))
    read = runfile.loads(runfile.dumps(older), "a run")
    assert state_hash(read.moment) == state_hash(run.moment)
    with pytest.raises(RunFileError, match="made with version 2 of q-learning"):
        runfile.to_trainer(read)


# -- what is wrong is found -------------------------------------------------------------------------------------------


def canonical(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def container(header: str | bytes, body: bytes, length: int | None = None) -> bytes:
    """A safetensors container with this header, which may claim another length than it has."""
    raw = header if isinstance(header, bytes) else header.encode()
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw) if length is None else length) + raw + body


@dataclass
class Parts:
    """A sound file taken apart, to be put together again wrongly."""

    data: bytes
    header: dict[str, Any]
    """As in the file, the metadata under "__metadata__"."""
    body: bytes
    description: dict[str, Any]
    """Without its hash."""

    @classmethod
    def of(cls, data: bytes) -> "Parts":
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        description = json.loads(header["__metadata__"]["langrl"])
        del description["sha256"]
        return cls(data, header, data[8 + length :], description)

    def text(self) -> str:
        """The header as it is."""
        return compact(self.header)

    def described(self, change: Callable[[dict[str, Any]], object]) -> bytes:
        """With another description, which has its right hash."""
        description = copy.deepcopy(self.description)
        change(description)
        return self.described_by(self.sealed(canonical(description)))

    def sealed(self, text: str) -> str:
        return f'{text[:-1]},"sha256":"{sha256(text)}"}}'

    def described_by(self, text: str) -> bytes:
        return container(compact(self.header | {"__metadata__": {"langrl": text}}), self.body)

    def headed(self, change: Callable[[dict[str, Any]], object]) -> bytes:
        """With another header."""
        header = copy.deepcopy(self.header)
        change(header)
        return container(compact(header), self.body)

    def with_tensor(self, name: str, change: Callable[[Any], Any], **stand: object) -> bytes:
        """With other contents of a tensor, all hashes and offsets right; `change` works in place or returns another."""
        tensors = safetensors.numpy.load(self.data)
        values = tensors[name].copy()
        changed = change(values)
        tensors[name] = np.ascontiguousarray(values if changed is None else changed)
        description = copy.deepcopy(self.description)
        description["tensors"][name] = sha256(tensors[name].tobytes())
        description["stand"] |= stand
        return safetensors.numpy.save(tensors, {"langrl": self.sealed(canonical(description))})

    def without(self, *names: str, **stand: object) -> bytes:
        """Without these tensors, all else right."""
        tensors = safetensors.numpy.load(self.data)
        description = copy.deepcopy(self.description)
        for name in names:
            del tensors[name], description["tensors"][name]
        description["stand"] |= stand
        return safetensors.numpy.save(tensors, {"langrl": self.sealed(canonical(description))})


def put(place: tuple[int, ...] | int, value: object) -> Callable[[Any], None]:
    def change(values: Any) -> None:
        values[place] = value

    return change


def at(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    """Set what is at `path` in nested dictionaries and lists."""

    def change(data: Any) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = to

    return change


def events(*stated: tuple[int, int, str, object]) -> Callable[[dict[str, Any]], None]:
    listed = [{"step": step, "sequence": sequence, "set": path, "to": value} for step, sequence, path, value in stated]
    return at("timeline", "branches", 0, "events", to=listed)


def offsets(name: str, begin: int, end: int) -> Callable[[dict[str, Any]], None]:
    """Move a tensor's claim by so many bytes."""

    def change(header: dict[str, Any]) -> None:
        old = header[name]["data_offsets"]
        header[name]["data_offsets"] = [old[0] + begin, old[1] + end]

    return change


def zipped() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("q.npy", b"0")
    return file.getvalue()


def wrap_around(visits: Any) -> None:
    visits[0, :2] += np.uint64(2**63)


Wrong = Callable[[Parts], bytes]
NOT_A_RUN = "is not a run of LangRL Studio"

FOREIGN: dict[str, tuple[Wrong, str]] = {
    "empty": (lambda p: b"", "is empty"),
    "seven bytes": (lambda p: p.data[:7], NOT_A_RUN),
    "a scenario": (lambda p: b'name = "x"\n[language]\nwords = ["a", "b"]\nmax_length = 3\n', NOT_A_RUN),
    "a zip archive": (lambda p: zipped(), NOT_A_RUN),
    "a pickle": (lambda p: pickle.dumps({"q": list(range(100))}), NOT_A_RUN),
    "a compressed run": (lambda p: gzip.compress(p.data, mtime=0), NOT_A_RUN),
    "safetensors without metadata": (lambda p: safetensors.numpy.save({"q": np.zeros(9)}), NOT_A_RUN),
    "safetensors of another program": (
        lambda p: safetensors.numpy.save({"q": np.zeros(9)}, {"format": "pt"}),
        NOT_A_RUN,
    ),
    "a second key in the metadata": (lambda p: p.headed(at("__metadata__", "more", to="x")), "other metadata"),
}

CONTAINER: dict[str, tuple[Wrong, str]] = {
    "cut in the header": (lambda p: p.data[:200], "is cut short: its header has"),
    "cut in the tensors": (lambda p: p.data[:-100], "is cut short: it describes"),
    "the last byte missing": (lambda p: p.data[:-1], "is cut short: it describes"),
    "a byte too many": (lambda p: p.data + b"\0", "goes on for 1 bytes after its end"),
    "a header of 2^64 - 1 bytes": (
        lambda p: container(p.text(), p.body, 2**64 - 1),
        "claims a header of 18446744073709551615",
    ),
    "an oversized header": (
        lambda p: container(p.text(), p.body, runfile.LARGEST_HEADER + 1),
        "claims a header of 33554433 bytes",
    ),
    "a header of no bytes": (lambda p: container(p.text(), p.body, 0), "claims a header of 0 bytes"),
    "a header longer than the file": (
        lambda p: container(p.text(), p.body, 1 << 20),
        "is cut short: its header has 1048576",
    ),
    "a header that stops too early": (lambda p: container(p.text(), p.body, 800), "is not JSON"),
    "a header that is not UTF-8": (lambda p: container(p.text().encode() + b"\xff", p.body), "is not JSON"),
    "a header that is not JSON": (lambda p: container(p.text()[:-1] + "]", p.body), "is not JSON"),
    "two values in the header": (lambda p: container(p.text() + "{}", p.body), "is not JSON"),
    "a header nested too deeply": (
        lambda p: container(p.text()[:-1] + ',"x":' + "[" * 100_000 + "]" * 100_000 + "}", p.body),
        "is nested too deeply",
    ),
    "a NaN in the header": (lambda p: p.headed(at("q", "shape", to=[float("nan"), 3])), "is not JSON"),
    "a number of 5,000 digits": (
        lambda p: container(p.text().replace('"shape":[', '"shape":[' + "1" * 5000 + ",", 1), p.body),
        "is not JSON",
    ),
    "a tensor twice": (
        lambda p: container(p.text()[:-1] + ',"q":' + compact(p.header["q"]) + "}", p.body),
        'the name "q" twice',
    ),
    "the metadata twice": (
        lambda p: container(p.text()[:-1] + ',"__metadata__":{"langrl":"{}"}}', p.body),
        'the name "__metadata__" twice',
    ),
    "a shape twice": (
        lambda p: container(p.text().replace('"dtype":"U64"', '"shape":[1],"dtype":"U64"', 1), p.body),
        'the name "shape" twice',
    ),
    "eight spaces too many": (lambda p: container(p.text() + " " * 8, p.body), "not laid out as in a run"),
    "spaces in the header": (lambda p: container(p.text().replace('"dtype":', '"dtype": '), p.body), "not laid out"),
    "a tab for a space": (
        lambda p: container(p.text() + "\t" * (-len(p.text().encode()) % 8 or 8), p.body),
        "not laid out",
    ),
    "escapes that are not needed": (lambda p: container(p.text().replace("我", "\\u6211", 1), p.body), "not laid out"),
    "an unknown tensor": (
        lambda p: p.headed(lambda h: h.update(__import__=h.pop("q"))),
        '"__import__", which no run has',
    ),
    "a tensor missing": (lambda p: p.headed(lambda h: h.pop("visits")), 'lacks the tensor "visits"'),
    "another type": (lambda p: p.headed(at("q", "dtype", to="F32")), 'describes its tensor "q"'),
    "a type that does not exist": (lambda p: p.headed(at("q", "dtype", to="I99")), 'describes its tensor "q"'),
    "a type that is no text": (lambda p: p.headed(at("q", "dtype", to=None)), 'describes its tensor "q"'),
    "another number of axes": (lambda p: p.headed(at("q", "shape", to=[39])), 'describes its tensor "q"'),
    "a negative shape": (lambda p: p.headed(at("q", "shape", to=[-13, -3])), 'describes its tensor "q"'),
    "a fractional shape": (lambda p: p.headed(at("q", "shape", to=[13.0, 3])), 'describes its tensor "q"'),
    "true for a number": (lambda p: p.headed(at("q", "shape", to=[True, 3])), 'describes its tensor "q"'),
    "a shape that is no list": (lambda p: p.headed(at("q", "shape", to="13,3")), 'describes its tensor "q"'),
    "a field too many": (lambda p: p.headed(at("q", "more", to=1)), 'describes its tensor "q"'),
    "a field missing": (lambda p: p.headed(lambda h: h["q"].pop("shape")), 'describes its tensor "q"'),
    "three offsets": (lambda p: p.headed(at("q", "data_offsets", to=[0, 8, 16])), 'describes its tensor "q"'),
    "negative offsets": (lambda p: p.headed(offsets("q", -(1 << 20), -(1 << 20))), 'describes its tensor "q"'),
    "offsets backwards": (
        lambda p: p.headed(at("q", "data_offsets", to=[400, 88])),
        "whose size is not that of its shape",
    ),
    "a lying size": (lambda p: p.headed(at("q", "shape", to=[2**61, 3])), "whose size is not that of its shape"),
    "a lying size with offsets to match": (
        lambda p: p.headed(at("q", to={"dtype": "F64", "shape": [2**50, 3], "data_offsets": [0, 24 * 2**50]})),
        "overlaps another",
    ),
    "a shape that wraps around": (
        lambda p: p.headed(at("q", "shape", to=[2**63, 2**63])),
        "whose size is not that of its shape",
    ),
    "overlapping tensors": (lambda p: p.headed(offsets("visits", -8, -8)), "overlaps another"),
    "a gap": (lambda p: p.headed(offsets("states", 8, 8)), 'a gap before the tensor "states"'),
    "a tensor described as a list": (lambda p: p.headed(at("q", to=[1, 2])), 'describes its tensor "q"'),
}

DESCRIPTION: dict[str, tuple[Wrong, str]] = {
    "no description": (lambda p: p.described_by(""), "is not JSON"),
    "a description that is not JSON": (lambda p: p.described_by("{'format': 1}"), "is not JSON"),
    "a description that is a list": (lambda p: p.described_by("[1]"), "is not JSON"),
    "a description nested too deeply": (lambda p: p.described_by("[" * 100_000), "is nested too deeply"),
    "a field twice": (lambda p: p.described_by(p.sealed('{"a":1,"a":1}')), 'the name "a" twice'),
    "a NaN": (lambda p: p.described(at("stand", "amounts", "return", to=float("nan"))), "is not JSON"),
    "an infinite number": (lambda p: p.described_by(p.sealed('{"a":1e999}')), "is not JSON"),
    "half a character": (lambda p: p.described_by(p.sealed('{"a":"\\ud800"}')), "is not JSON"),
    "spaces": (
        lambda p: p.described_by(
            json.dumps(p.description | {"sha256": sha256(canonical(p.description))}, ensure_ascii=False)
        ),
        "a description that is not laid out",
    ),
    "another order": (
        lambda p: p.described_by(canonical(p.description | {"sha256": sha256(canonical(p.description))})),
        "a description that is not laid out",
    ),
    "a newer format": (lambda p: p.described(at("format", to=4)), "has format 4, and this program reads up to 3"),
    "format 0": (lambda p: p.described(at("format", to=0)), "says that format is 0"),
    "a format that is no number": (lambda p: p.described(at("format", to="1")), 'says that format is "1"'),
    "an unknown field": (lambda p: p.described(at("plugin", to="os.system")), "has plugin in its description"),
    "an unknown field further in": (lambda p: p.described(at("stand", "x", to=1)), "has stand.x in its description"),
    "a missing field": (lambda p: p.described(lambda d: d.pop("stand")), "lacks stand in its description"),
    "a missing field further in": (lambda p: p.described(lambda d: d["stand"].pop("step")), "lacks stand.step"),
    "a negative step": (lambda p: p.described(at("stand", "step", to=-1)), "says that stand.step is -1"),
    "a step beyond 2^63": (
        lambda p: p.described(at("stand", "step", to=2**63)),
        "says that stand.step is 9223372036854775808",
    ),
    "true for a step": (lambda p: p.described(at("stand", "step", to=True)), "says that stand.step is true"),
    "half a step": (lambda p: p.described(at("stand", "step", to=0.5)), "says that stand.step is 0.5"),
    "null for a step": (lambda p: p.described(at("stand", "step", to=None)), "says that stand.step is null"),
    "a hash that is none": (lambda p: p.described(at("tensors", "q", to="f" * 63)), "says that tensors.q is"),
    "a hash of no tensor": (lambda p: p.described(at("tensors", "x", to="f" * 64)), "hashes of other tensors"),
    "no scenario": (lambda p: p.described(at("scenario", to={})), "a scenario that cannot be used: name: missing"),
    "a scenario that cannot be": (
        lambda p: p.described(at("scenario", "learner", "alpha", to=2.0)),
        "a scenario that cannot be used: learner.alpha: found 2.0",
    ),
    "a scenario that contradicts itself": (
        lambda p: p.described(at("scenario", "language", "words", to=["我", "爱", "我"])),
        "a scenario that cannot be used: language",
    ),
    "another seed than the scenario's": (lambda p: p.described(at("seed", to=1)), "another kernel or seed"),
    "another kernel than the scenario's": (
        lambda p: p.described(at("kernel", "name", to="sarsa")),
        "another kernel or seed",
    ),
    "a kernel of no version": (lambda p: p.described(at("kernel", "version", to=0)), "says that kernel.version is 0"),
    "no branches": (lambda p: p.described(at("timeline", "branches", to=[])), "the pointer is on no branch"),
    "a pointer to no branch": (
        lambda p: p.described(at("timeline", "pointer", to=[1, 50])),
        "the pointer is on no branch",
    ),
    "a pointer of three numbers": (
        lambda p: p.described(at("timeline", "pointer", to=[0, 50, 0])),
        "says that timeline.pointer",
    ),
    "a pointer elsewhere": (
        lambda p: p.described(at("timeline", "pointer", to=[0, 49])),
        "does not lead to where the run stands",
    ),
    "a branch of itself": (
        lambda p: p.described(at("timeline", "branches", 0, "parent", to=[0, 0])),
        "branch 0 leaves none before it",
    ),
    "two first branches": (
        lambda p: p.described(lambda d: d["timeline"]["branches"].append({"parent": None, "events": []})),
        "branch 1 leaves none before it",
    ),
    "a branch of a later one": (
        lambda p: p.described(lambda d: d["timeline"]["branches"].append({"parent": [2, 0], "events": []})),
        "branch 1 leaves none before it",
    ),
    "an event before its branch": (
        lambda p: p.described(
            lambda d: d["timeline"]["branches"].append(
                {"parent": [0, 30], "events": [{"step": 29, "sequence": 0, "set": "learner.alpha", "to": 0.5}]}
            )
        ),
        "the events of branch 1 are not in order",
    ),
    "events out of order": (
        lambda p: p.described(events((20, 0, "learner.alpha", 0.5), (10, 0, "learner.alpha", 0.2))),
        "the events of branch 0 are not in order",
    ),
    "events with a wrong sequence": (
        lambda p: p.described(events((20, 0, "learner.alpha", 0.5), (20, 0, "learner.gamma", 0.2))),
        "the events of branch 0 are not in order",
    ),
    "an event in the future": (
        lambda p: p.described(events((51, 0, "learner.alpha", 0.5))),
        "does not lead to where the run stands",
    ),
    "an event on a field that stays": (
        lambda p: p.described(events((5, 0, "language.words", 0.5))),
        'sets "language.words", which cannot change',
    ),
    "an event with a value that cannot be": (
        lambda p: p.described(events((5, 0, "learner.alpha", 1.5))),
        "an event that cannot be: learner.alpha: found 1.5",
    ),
    "an event with a text": (
        lambda p: p.described(events((5, 0, "learner.alpha", "0"))),
        "says that timeline.branches.0.events",
    ),
    "a prompt that is not there": (
        lambda p: p.described(at("stand", "prompt", to=1)),
        "in an episode that its scenario",
    ),
    "a word that is not there": (
        lambda p: p.described(at("stand", "words", 0, to=3)),
        "in an episode that its scenario",
    ),
    "a text that is too long": (lambda p: p.described(at("stand", "words", to=[0, 0, 0])), "another number of steps"),
    "more episodes than steps": (lambda p: p.described(at("stand", "episode", to=51)), "another number of steps"),
    "fewer episodes than steps": (lambda p: p.described(at("stand", "episode", to=1)), "another number of steps"),
    "bins of 2^64 episodes": (
        lambda p: p.described(at("stand", "bin_shift", to=64)),
        "says that stand.bin_shift is 64",
    ),
    "bins of another width": (lambda p: p.described(at("stand", "bin_shift", to=1)), "histories of another length"),
    "an amount missing": (lambda p: p.described(lambda d: d["stand"]["amounts"].pop("surprise")), "other amounts"),
    "an amount too many": (lambda p: p.described(at("stand", "amounts", "x", to=1.0)), "other amounts"),
    "an amount that is no number": (
        lambda p: p.described(at("stand", "amounts", "return", to="1")),
        "says that stand.amounts.return",
    ),
}

UNSAYABLE = "samples that its run cannot have given"

TENSORS: dict[str, tuple[Wrong, str]] = {
    "samples without their words": (lambda p: p.without("samples.words"), 'lacks the tensor "samples.words"'),
    "no samples, and some dropped": (
        lambda p: p.without("samples.when", "samples.words", "samples.worth", samples_dropped=1),
        'lacks the tensor "samples.when"',
    ),
    "a NaN in the table": (lambda p: p.with_tensor("q", put((0, 0), np.nan)), 'a value in "q" that is not a finite'),
    "an infinite value": (lambda p: p.with_tensor("q", put((1, 2), -np.inf)), 'a value in "q" that is not a finite'),
    "a NaN in a history": (
        lambda p: p.with_tensor("history.surprise", put(0, np.nan)),
        'in "surprise" that is not a finite',
    ),
    "a visit too many": (lambda p: p.with_tensor("visits", put((0, 0), 1000)), "other visits than steps"),
    "visits that add up modulo 2^64": (lambda p: p.with_tensor("visits", wrap_around), "other visits than steps"),
    "a history of other steps": (lambda p: p.with_tensor("history.steps", put(0, 4)), "other visits than steps"),
    "shares of a term too many": (
        lambda p: p.with_tensor("history.greedy_shares", lambda v: np.hstack([v, v])),
        "shares of other rewards",
    ),
    "a history too short": (
        lambda p: p.with_tensor("history.surprise", lambda v: v[:-1]),
        "histories of another length",
    ),
    "a sample of no prompt": (lambda p: p.with_tensor("samples.when", put((0, 2), 1)), UNSAYABLE),
    "a sample of a step to come": (lambda p: p.with_tensor("samples.when", put((-1, 0), 51)), UNSAYABLE),
    "a sample of an episode to come": (lambda p: p.with_tensor("samples.when", put((-1, 1), 51)), UNSAYABLE),
    "samples in another order": (lambda p: p.with_tensor("samples.when", put((0, 0), 50)), UNSAYABLE),
    "a sample of no word": (lambda p: p.with_tensor("samples.words", put(0, 3)), UNSAYABLE),
    "a NaN in a sample": (lambda p: p.with_tensor("samples.worth", put((0, 0), np.nan)), UNSAYABLE),
    "an infinite return in a sample": (lambda p: p.with_tensor("samples.worth", put((0, 1), -np.inf)), UNSAYABLE),
    "a sample that is too long": (lambda p: p.with_tensor("samples.when", put((0, 3), 9)), "contradict themselves"),
    "lengths that wrap around": (
        lambda p: p.with_tensor("samples.when", lambda v: put((0, 3), 2**63)(v) or put((1, 3), 2**63 + 6)(v)),
        "contradict themselves",
    ),
    "a sample too many": (lambda p: p.with_tensor("samples.worth", lambda v: v[:-1]), "contradict themselves"),
    "very many samples": (
        lambda p: p.with_tensor("samples.when", lambda v: np.zeros((10_001, 4), np.uint64)),
        "more samples than a run keeps",
    ),
    "very long samples": (
        lambda p: p.with_tensor("samples.words", lambda v: np.zeros(1_000_000, np.uint32)),
        "more samples than a run keeps",
    ),
    "a state too many": (lambda p: p.with_tensor("q", lambda q: np.vstack([q, q[:1]])), "a table of another size"),
    "a word too many": (lambda p: p.with_tensor("q", lambda q: np.hstack([q, q[:, :1]])), "a table of another size"),
    "states too narrow": (lambda p: p.with_tensor("states", lambda s: s[:, :-1]), "a table of another size"),
    "a state never visited": (
        lambda p: p.with_tensor("visits", lambda v: put(0, v[0] + v[-1])(v) or put(-1, 0)(v)),
        "a state that was never visited",
    ),
    "states in another order": (lambda p: p.with_tensor("states", lambda s: s[::-1]), "not in ascending order"),
    "a state twice": (lambda p: p.with_tensor("states", lambda s: put(1, s[0])(s)), "not in ascending order"),
    "a state of no prompt": (
        lambda p: p.with_tensor("states", put((-1, 0), 1)),
        "a state that its scenario does not have",
    ),
    "a state of no word": (
        lambda p: p.with_tensor("states", put((-1, 1), 3)),
        "a state that its scenario does not have",
    ),
    "a state with a hole": (
        lambda p: p.with_tensor("states", put((-1, 1), -1)),
        "a state that its scenario does not have",
    ),
    "a state with an unseen word": (
        lambda p: p.with_tensor("states", put((-1, 1), -2)),
        "a state that its scenario does not have",
    ),
}

DAMAGED: dict[str, tuple[Wrong, str]] = {
    "a bit of the table": (
        lambda p: p.data[:-1] + bytes([p.data[-1] ^ 1]),
        "other contents than were written, in states",
    ),
    "two tensors": (
        lambda p: p.data[: -len(p.body)] + bytes(len(p.body)),
        "other contents than were written, in q, visits",
    ),
    "a word of the scenario": (
        lambda p: container(p.text().replace("smallest", "Smallest"), p.body),
        "another description than was written",
    ),
    "the hash of the description": (
        lambda p: p.described_by(canonical(p.description)[:-1] + ',"sha256":"' + "0" * 64 + '"}'),
        "another description than was written",
    ),
    "no hash": (lambda p: p.described_by(canonical(p.description)), "another description than was written"),
    "the hash of a tensor": (lambda p: p.described(at("tensors", "q", to="0" * 64)), "than were written, in q;"),
}

WRONG = FOREIGN | CONTAINER | DESCRIPTION | TENSORS


def refusal(path: Path) -> RunFileError:
    """The error with which `path` is refused: one sentence that names the file; nothing is changed by it."""
    before = {entry: (entry.stat().st_mtime_ns, entry.read_bytes()) for entry in path.parent.iterdir()}
    with pytest.raises(RunFileError) as caught:
        runfile.read(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.isprintable()
    assert len(sentence) < len(str(path)) + 300
    assert {entry: (entry.stat().st_mtime_ns, entry.read_bytes()) for entry in path.parent.iterdir()} == before
    with pytest.raises(type(caught.value)) as from_bytes:
        runfile.loads(path.read_bytes(), str(path))
    assert str(from_bytes.value) == sentence
    return caught.value


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_in_one_sentence_and_nothing_changes(name: str, run: Run, tmp_path: Path) -> None:
    wrong, sentence = WRONG[name]
    path = tmp_path / "wrong.langrl"
    path.write_bytes(wrong(Parts.of(runfile.dumps(run))))
    error = refusal(path)
    assert sentence in str(error)
    assert type(error) is RunFileError


@pytest.mark.parametrize("name", DAMAGED)
def test_a_sound_looking_file_in_which_only_a_hash_differs_is_told_apart(name: str, run: Run, tmp_path: Path) -> None:
    wrong, sentence = DAMAGED[name]
    path = tmp_path / "damaged.langrl"
    path.write_bytes(wrong(Parts.of(runfile.dumps(run))))
    error = refusal(path)
    assert sentence in str(error)
    assert type(error) is RunFileDamaged


def test_the_parts_put_together_unchanged_are_accepted(run: Run) -> None:
    parts = Parts.of(runfile.dumps(run))
    for data in (
        container(parts.text(), parts.body),
        parts.headed(lambda header: None),
        parts.described(lambda description: None),
        parts.with_tensor("q", lambda values: None),
    ):
        assert data == parts.data
    branched = parts.described(lambda d: d["timeline"]["branches"].append({"parent": [0, 30], "events": []}))
    assert len(runfile.loads(branched, "a run").moment.timeline.branches) == 2


def test_a_flipped_bit_anywhere_is_found(run: Run) -> None:
    data = runfile.dumps(run)
    body = 8 + int.from_bytes(data[:8], "little")
    luck = random.Random(0)
    for place in range(len(data)):
        for bit in range(8) if SOAK else [luck.randrange(8)]:
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            with pytest.raises(RunFileDamaged if place >= body else RunFileError):
                runfile.loads(bytes(flipped), "flipped")


def test_a_file_cut_anywhere_is_found(run: Run, tmp_path: Path) -> None:
    data = runfile.dumps(run)
    path = tmp_path / "cut.langrl"
    for length in range(0, len(data), 1 if SOAK else 37):
        path.write_bytes(data[:length])
        with pytest.raises(RunFileError):
            runfile.read(path)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=10_000 if SOAK else 100, deadline=None)
@given(st.data())
def test_whatever_a_file_holds_nothing_but_one_sentence_comes_out(data: st.DataObject) -> None:
    parts = Parts.of(sound_file())

    def somewhere(tree: Any) -> None:
        while True:
            key = data.draw(st.sampled_from(list(tree) if isinstance(tree, dict) else range(len(tree))))
            if not (isinstance(tree[key], dict | list) and tree[key] and data.draw(st.booleans())):
                tree[key] = data.draw(anything)
                return
            tree = tree[key]

    try:
        wrong = parts.described(somewhere) if data.draw(st.booleans()) else parts.headed(somewhere)
    except UnicodeEncodeError:  # half a character, which no file can hold
        return
    sentence = ""
    try:
        runfile.to_trainer(runfile.loads(wrong, "a run"))
    except RunFileError as error:
        sentence = str(error)
    assert sentence.isprintable()


def test_no_size_is_believed_before_the_file_is_found_to_have_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "budget", lambda: 1 << 30)  # of a small machine
    parts = Parts.of(runfile.dumps(run))
    rows = 2**30
    huge = parts.headed(at("q", to={"dtype": "F64", "shape": [rows, 3], "data_offsets": [0, 24 * rows]}))
    sparse = tmp_path / "sparse.langrl"
    header = copy.deepcopy(parts.header)
    end = 0
    for name, entry in header.items():
        if name != "__metadata__":
            if name == "q":
                entry["shape"][0] = rows
            begin, end = end, end + int(np.prod(entry["shape"])) * (int(entry["dtype"][1:]) // 8)
            entry["data_offsets"] = [begin, end]
    beginning = container(compact(header), b"")
    with sparse.open("wb") as file:
        file.write(beginning)
        file.truncate(len(beginning) + end)
    tracemalloc.start()
    try:
        with pytest.raises(RunFileError, match="overlaps another"):
            runfile.loads(huge, "huge")
        with pytest.raises(RunFileError, match="holds 24576 MiB, more than the 1024 MiB"):
            runfile.read(sparse)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("what", ["nothing", "a folder", "a pipe"])
def test_what_is_no_file_is_refused_at_once(what: str, tmp_path: Path) -> None:
    path = tmp_path / "x.langrl"
    if what == "a folder":
        path.mkdir()
    if what == "a pipe":
        os.mkfifo(path)
    with pytest.raises(RunFileError, match="cannot be read: No such file" if what == "nothing" else "is not a file"):
        runfile.read(path)


# -- saving -----------------------------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_previous_file_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for content in (b"first", b"second", b"third"):
        runfile.write_bytes_safely(path, content)
    assert (path.read_bytes(), (tmp_path / "a.csv~").read_bytes()) == (b"third", b"second")
    assert names(tmp_path) == ["a.csv", "a.csv~"]


def test_a_file_keeps_its_mode_and_a_new_one_gets_what_new_files_get(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    other.touch()
    runfile.write_bytes_safely(path, b"1")
    assert path.stat().st_mode == other.stat().st_mode
    for mode in (0o600, 0o640, 0o666):
        path.chmod(mode)
        runfile.write_bytes_safely(path, b"2")
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert stat.S_IMODE((tmp_path / "a~").stat().st_mode) == mode


def test_a_link_stays_a_link_and_the_file_that_it_leads_to_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    target, link = folder / "real", tmp_path / "link"
    link.symlink_to(Path("elsewhere") / "real")
    for content in (b"made through a link that led nowhere", b"replaced"):
        runfile.write_bytes_safely(link, content)
        assert link.is_symlink()
        assert target.read_bytes() == content
    assert (names(tmp_path), names(folder)) == (["elsewhere", "link"], ["real", "real~"])


@pytest.mark.parametrize("number", [errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EINVAL])
def test_where_there_are_no_hard_links_the_previous_file_is_copied(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: str, target: str) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    runfile.write_bytes_safely(path, b"new")
    previous = tmp_path / "a~"
    assert (path.read_bytes(), previous.read_bytes()) == (b"new", b"old")
    assert stat.S_IMODE(previous.stat().st_mode) == 0o640
    assert names(tmp_path) == ["a", "a~"]


def test_a_save_after_one_that_was_killed_between_its_two_renames_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.link(path, tmp_path / "a~")
    runfile.write_bytes_safely(path, b"new")
    assert (path.read_bytes(), (tmp_path / "a~").read_bytes()) == (b"new", b"old")
    assert names(tmp_path) == ["a", "a~"]


def test_a_run_that_could_not_be_opened_again_replaces_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.langrl"
    runfile.write(path, run)
    sound = path.read_bytes()
    broken = replace(run, moment=replace(run.moment, q=np.full_like(run.moment.q, np.nan)))
    with pytest.raises(RunFileError, match=r"langrl: not saved, because .*not a finite"):
        runfile.write(path, broken)
    assert path.read_bytes() == sound
    assert names(tmp_path) == ["a.langrl"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of somebody who may not write everywhere, as root may."""
    nobody = 65534
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() != 0:
            yield Path(name)
            Path(name).chmod(0o700)
            return
        os.chown(name, nobody, nobody)
        os.setresuid(nobody, nobody, 0)
        try:
            yield Path(name)
        finally:
            os.setresuid(0, 0, 0)


def refused(path: Path, sentence: str) -> None:
    """Saving there fails with this sentence and changes nothing in the folder."""
    before = names(path.parent) if path.parent.is_dir() else None
    with pytest.raises(RunFileError) as caught:
        runfile.write_bytes_safely(path, b"new")
    assert str(caught.value) == f"{path}: {sentence}"
    assert before == (names(path.parent) if path.parent.is_dir() else None)


def test_a_folder_is_not_replaced(folder: Path) -> None:
    (folder / "a").mkdir()
    refused(folder / "a", "is a folder; choose the name of a file in it")


def test_a_pipe_is_not_replaced(folder: Path) -> None:
    os.mkfifo(folder / "a")
    refused(folder / "a", "is a device or a pipe, not a file; choose another name")


def test_a_write_protected_file_is_not_replaced(folder: Path) -> None:
    path = folder / "a"
    path.write_bytes(b"old")
    path.chmod(0o444)
    refused(path, "is write-protected; allow writing to it, or save under another name")
    assert path.read_bytes() == b"old"


def test_a_read_only_folder_is_named_as_the_reason(folder: Path) -> None:
    path = folder / "a"
    path.write_bytes(b"old")
    folder.chmod(0o555)
    refused(path, "cannot be saved: writing is not allowed in this folder; choose another one")
    refused(folder / "b", "cannot be saved: writing is not allowed in this folder; choose another one")
    assert path.read_bytes() == b"old"
    folder.chmod(0o755)


@pytest.mark.parametrize("parts", [("missing", "a"), ("file", "a")])
def test_a_missing_folder_is_named_as_the_reason(parts: tuple[str, str], folder: Path) -> None:
    (folder / "file").touch()
    refused(folder.joinpath(*parts), "cannot be saved: there is no such folder; make it, or choose another one")


def test_a_name_that_is_too_long_is_named_as_the_reason(folder: Path) -> None:
    refused(folder / ("a" * 256), "cannot be saved: the name is too long; choose a shorter one")


def test_a_loop_of_links_is_refused(folder: Path) -> None:
    (folder / "a").symlink_to("a")
    refused(folder / "a", f"cannot be saved: {os.strerror(errno.ELOOP)}; save it elsewhere")


def test_a_folder_in_the_place_of_the_previous_file_stays(folder: Path) -> None:
    path = folder / "a"
    path.write_bytes(b"old")
    (folder / "a~").mkdir()
    refused(path, f"cannot be saved: {os.strerror(errno.EISDIR)}; save it elsewhere")
    assert path.read_bytes() == b"old"


def test_a_full_disk_is_named_as_the_reason_and_the_old_file_stays(run: Run, folder: Path) -> None:
    path = folder / "a.langrl"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # the system itself says no in the middle of the file
    try:
        with pytest.raises(RunFileError) as caught:
            runfile.write(path, run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == f"{path}: cannot be saved: there is no room for it; make room, or save it elsewhere"
    assert path.read_bytes() == b"old"
    assert names(folder) == ["a.langrl"]
