"""Run files (.langrl): a run as one safetensors container, written safely and read strictly. No Qt.

Nothing in a file is executed, imported or used as a path, and no size that a file claims is believed before the file
is found to have it. A run that is read and written again gives the same bytes.
"""

import errno
import hashlib
import json
import math
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, NamedTuple

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from langrl_gui.core import arrays, gym, gym_tables, learners, memory, samples, tables
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.errors import RunFileDamaged, RunFileError, ScenarioError, system_reason
from langrl_gui.core.i18n import tr
from langrl_gui.core.language import Reading
from langrl_gui.core.samples import Sample, SampleList
from langrl_gui.core.scenario import Scenario, Sources
from langrl_gui.core.schema import MOST_STEPS
from langrl_gui.core.tables import NOTHING, PADDING, UNSEEN
from langrl_gui.core.text import Corpus
from langrl_gui.core.timeline import Timeline
from langrl_gui.core.trainer import Moment, Trainer, is_live
from langrl_gui.core.work import Progress

FORMAT: Final = 3
"""Raised when an older program could not read what a newer one writes."""

KEY: Final = "langrl"
"""The one key of the container's metadata: safetensors writes several in random order."""

LARGEST_HEADER: Final = 2 * scenarios.LARGEST_FILE
"""Bytes: the largest scenario with every quotation mark escaped, or some hundred thousand events."""

_BEGINNING: Final = f'{{"__metadata__":{{"{KEY}":"'.encode()
_CHUNK: Final = 1 << 20


class Kernel(NamedTuple):
    """The loop that a run was made with; another version would give other numbers."""

    name: str
    version: int


@dataclass(frozen=True)
class Run:
    """What a run file holds.

    Attributes
    ----------
    scenario : as it was at step 0; what was changed later is in the moment's timeline.
    moment : where the run stands, and what has been learned.
    kernel : what it was learned with.
    """

    scenario: Scenario
    moment: Moment
    kernel: Kernel


def of_trainer(trainer: Trainer) -> Run:
    """A copy of the run as it is now."""
    kernel = Kernel(trainer.learner.name, trainer.learner.version)
    return Run(trainer.start_scenario, trainer.moment(), kernel)


def to_trainer(run: Run, progress: Progress | None = None) -> Trainer:
    """A trainer that goes on as if the run had never stopped; `progress` hears how far tracing is, and may cancel it.

    Raises
    ------
    RunFileError
        If the run was made with another version of the kernel, so that going on would not be the same run.
    TableError
        If the scenario does not fit into the memory that is planned for it.
    """
    learner = learners.of(run.scenario.learner)
    if run.kernel != (learner.name, learner.version):
        raise RunFileError(
            tr(
                "the run was made with version {made} of {name}, which gives other numbers than version {here} in this "
                "program; go on with a program that has version {made}, or train the scenario anew",
                name=run.kernel.name,
                made=run.kernel.version,
                here=learner.version,
            )
        )
    return Trainer.of_moment(run.scenario, run.moment, progress=progress)


# -- what stands in the file ------------------------------------------------------------------------------------------


class _Kind(NamedTuple):
    """What every tensor of one name has in common."""

    code: str
    """safetensors' name of the type."""
    dtype: np.dtype[Any]
    """Little-endian on every machine."""
    axes: int


_CODES: Final = {"f8": "F64", "u8": "U64", "u4": "U32", "i4": "I32", "u1": "U8"}


def _kind(dtype: str, axes: int) -> _Kind:
    return _Kind(_CODES[dtype], np.dtype(f"<{dtype}"), axes)


_KINDS: Final = {"q": _kind("f8", 2), "visits": _kind("u8", 2), "states": _kind("i4", 2)} | {
    f"history.{name}": _kind(values.dtype.str[1:], values.ndim)
    for name, values in arrays.new_histories(1)._asdict().items()
}
_TABLE: Final = {f"table.{name}": _kind(*kind) for name, kind in gym.ARRAYS.items()}
_SPACES: Final = {f"spaces.{name}": _kind(*kind) for name, kind in gym.SPACES.items()}
_FOUND: Final = {f"found.{name}": _kind(*kind) for name, kind in gym_tables.FOUND.items()}
_SAMPLES: Final = {
    "samples.when": _kind("u8", 2),
    "samples.words": _kind("u4", 1),
    "samples.worth": _kind("f8", 2),
}
"""For each sample its step, episode, prompt and number of words; the words of all, one after the other; for each its
value and its return. Formats up to 2 have none."""
_OPTIONAL: Final = {"offered": _kind("u4", 2), "corpus": _kind("u1", 1)} | _TABLE | _SPACES | _FOUND | _SAMPLES
"""What only some runs have: the words that slots stand for, where they are not all words; the corpus as it was cut, in
UTF-8; an environment's transition table, or, where it has none, what its states and actions are and what came about;
samples."""
_ALL_KINDS: Final = _KINDS | _OPTIONAL

_AMOUNTS: Final = {
    "return": arrays.RETURN,
    "surprise": arrays.SURPRISE,
    "last_q": arrays.LAST_Q,
    "last_td_error": arrays.LAST_TD_ERROR,
}
"""The places of `amounts` by name, so that a file does not depend on them."""

_Count = Annotated[int, Field(ge=0, le=MOST_STEPS)]
_Address = Annotated[list[_Count], Field(min_length=2, max_length=2)]
_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    """Base of every part of the description: nothing unknown, nothing missing, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Event(_Part):
    step: _Count
    sequence: _Count
    set: str
    to: float


class _Branch(_Part):
    parent: _Address | None
    events: list[_Event]


class _Timeline(_Part):
    branches: list[_Branch]
    pointer: _Address


class _Stand(_Part):
    step: _Count
    episode: _Count
    prompt: _Count
    words: list[_Count]
    position: _Count | None = None
    amounts: dict[str, float]
    bin_shift: Annotated[int, Field(ge=0, le=63)]
    samples_dropped: _Count = 0


class _Kernel(_Part):
    name: str
    version: Annotated[int, Field(ge=1, le=MOST_STEPS)]


class _Description(_Part):
    """The JSON under KEY, without its own hash."""

    format: Annotated[int, Field(ge=1, le=FORMAT)]
    scenario: dict[str, Any]
    seed: _Count
    timeline: _Timeline
    stand: _Stand
    kernel: _Kernel
    tensors: dict[str, _Hash]


def _canonical(data: object) -> str:
    """The one way to write `data`: keys sorted, no spaces, no escapes that are not needed, finite numbers only."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _sealed(description: dict[str, Any]) -> str:
    """The canonical description with the SHA-256 of itself as its last field."""
    text = _canonical(description)
    return f'{text[:-1]},"sha256":"{_sha256(text.encode())}"}}'


def _sha256(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


# -- writing ----------------------------------------------------------------------------------------------------------


def dumps(run: Run) -> bytes:
    """The run as the bytes of a file: equal for equal runs."""
    moment = run.moment
    values = {"q": moment.q, "visits": moment.visits, "states": moment.states} | {
        f"history.{name}": history for name, history in moment.histories.items()
    }
    if moment.offered is not None:
        values["offered"] = moment.offered
    if run.scenario.language.source is not None:
        values["corpus"] = np.frombuffer(run.scenario.language.source.marked.encode(), np.uint8)
    if moment.samples is not None:
        values |= _of_samples(moment.samples.taken)
    stand: dict[str, Any] = {"samples_dropped": moment.samples.dropped} if moment.samples is not None else {}
    if run.scenario.environment is not None:
        stand["position"] = moment.position
        if (spaces := run.scenario.environment.spaces) is None:
            table = gym.to_arrays(run.scenario.environment.table)
            values |= {f"table.{name}": array for name, array in table.items()}
        else:
            assert moment.found is not None
            values |= {f"spaces.{name}": array for name, array in gym.spaces_to_arrays(spaces).items()}
            values |= {f"found.{name}": array for name, array in moment.found._asdict().items()}
    # safetensors 0.8.0 writes wrong bytes for arrays that are not contiguous.
    tensors = {name: np.ascontiguousarray(value, _ALL_KINDS[name].dtype) for name, value in values.items()}
    description = {
        "format": FORMAT,
        "scenario": scenarios.to_data(run.scenario),
        "seed": run.scenario.learner.seed,
        "timeline": moment.timeline.to_data(),
        "stand": stand
        | {
            "step": moment.step,
            "episode": moment.episode,
            "prompt": moment.prompt,
            "words": list(moment.words),
            "amounts": {name: moment.amounts[place] for name, place in _AMOUNTS.items()},
            "bin_shift": moment.bin_shift,
        },
        "kernel": run.kernel._asdict(),
        "tensors": {name: _sha256(tensor.data) for name, tensor in tensors.items()},
    }
    return safetensors.numpy.save(tensors, {KEY: _sealed(description)})


def _of_samples(taken: tuple[Sample, ...]) -> dict[str, NDArray[Any]]:
    return {
        "samples.when": np.array(
            [(one.step, one.episode, one.prompt, len(one.words)) for one in taken], np.uint64
        ).reshape(-1, 4),
        "samples.words": np.array([word for one in taken for word in one.words], np.uint32),
        "samples.worth": np.array([(one.value, one.total) for one in taken], np.float64).reshape(-1, 2),
    }


def write(path: Path, run: Run) -> None:
    """Save the run; when this returns, it is on the disk.

    Raises
    ------
    RunFileError
        If it cannot be saved; what was there before is still there.
    """
    data = dumps(run)
    try:
        loads(data, tr("the run"))  # what could not be opened again must not replace anything
    except RunFileError as error:
        raise RunFileError(
            tr("{path}: not saved, because it could not be opened again: {fault}", path=path, fault=error)
        ) from None
    write_bytes_safely(path, data)


def write_bytes_safely(path: Path, data: bytes) -> None:
    """Put `data` into the file at `path`, so that at every moment it is the old file or the new one, whole.

    The previous file is kept as `NAME~`. Links are followed, and the file's mode stays. Whoever is killed here
    leaves at most a hidden temporary file behind.

    Raises
    ------
    RunFileError
        If it cannot be written; what was there before is still there. Only where the disk fails after the new file has
        taken its place is that the new one, and the message says so.
    """
    with _naming(path):
        target = os.path.realpath(path)
        folder = os.path.dirname(target)
        new, spare = (os.path.join(folder, f".langrl-{secrets.token_hex(8)}.tmp") for _ in range(2))
        try:
            mode = _mode(target)
            _create(new, data, mode)
            if mode is not None:
                _keep_previous(target, spare, mode)
            os.replace(new, target)
        except OSError as error:
            raise RunFileError(tr("cannot be saved: {reason}", reason=_reason(error))) from None
        finally:
            for temporary in (new, spare):  # renamed if all went well; if not, the first error is the one that matters
                with suppress(OSError):
                    os.unlink(temporary)
        try:
            _sync_folder(folder)
        except OSError as error:
            raise RunFileError(
                tr(
                    "was written, but the disk does not confirm that it is safe ({reason}); save it elsewhere too",
                    reason=system_reason(error),
                )
            ) from None


def _mode(target: str) -> int | None:
    """The permissions of the file that will be replaced; None where there is none."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise RunFileError(tr("is a folder; choose the name of a file in it"))
    if not stat.S_ISREG(status.st_mode):
        raise RunFileError(tr("is a device or a pipe, not a file; choose another name"))
    if not os.access(target, os.W_OK):
        raise RunFileError(tr("is write-protected; allow writing to it, or save under another name"))
    return stat.S_IMODE(status.st_mode)


def _create(path: str, data: bytes, mode: int | None) -> None:
    """Make a new file of exactly these bytes, on the disk and read back. A mode of None is what new files get."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666 if mode is None else 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if mode is not None:
            os.chmod(path, mode)
        os.fsync(descriptor)
        os.lseek(descriptor, 0, os.SEEK_SET)
        digest = hashlib.sha256()
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
    finally:
        os.close(descriptor)
    if digest.hexdigest() != _sha256(data):
        raise OSError(errno.EIO, tr("the disk gives back other data than it was given"))


_NO_HARD_LINKS: Final = {
    errno.EPERM,
    errno.EACCES,
    errno.EMLINK,
    errno.ENOSYS,
    errno.EINVAL,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
}
"""How file systems say that they, or this user, cannot make them."""


def _keep_previous(target: str, spare: str, mode: int) -> None:
    """Let `NAME~` be the file that is at `target` now, by way of the temporary name `spare`."""
    try:
        os.link(target, spare)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _create(spare, Path(target).read_bytes(), mode)
    os.replace(spare, f"{target}~")  # does nothing where both are one file already: `spare` is then left to be removed


def _sync_folder(folder: str) -> None:
    """Have the names in a folder on the disk."""
    if sys.platform == "win32":
        return  # folders cannot be opened there; NTFS keeps a journal of names
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that knows no such thing
            raise
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    """Why something could not be written, and what to do."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return tr("there is no room for it; make room, or save it elsewhere")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return tr("writing is not allowed in this folder; choose another one")
        case errno.ENOENT | errno.ENOTDIR:
            return tr("there is no such folder; make it, or choose another one")
        case errno.ENAMETOOLONG:
            return tr("the name is too long; choose a shorter one")
        case _:
            return tr("{reason}; save it elsewhere", reason=system_reason(error))


# -- reading ----------------------------------------------------------------------------------------------------------


def is_run(path: Path) -> bool:
    """Whether the file at `path` begins like a run, whatever its name; False where nothing can be read."""
    try:
        with _open(path) as file:
            return file.read(8 + len(_BEGINNING))[8:] == _BEGINNING
    except (OSError, RunFileError):
        return False


def read(path: Path) -> Run:
    """The run in the file at `path`.

    Raises
    ------
    RunFileDamaged
        If a hash differs from what was written.
    RunFileError
        If this is not a run, or not one that this program can read.
    """
    with _naming(path):
        try:
            with _open(path) as file:
                size = os.fstat(file.fileno()).st_size
                beginning = file.read(8 + len(_BEGINNING))
                length = _header_length(beginning, size)
                header = _header(beginning[8:] + file.read(length - len(_BEGINNING)), size - 8 - length)
                body = file.read(header.size)
        except OSError as error:
            raise RunFileError(tr("cannot be read: {reason}", reason=system_reason(error))) from None
        return _run(header, memoryview(body))


def loads(data: bytes, source: str) -> Run:
    """The run that `data` holds, which came from `source`; raises as `read` does."""
    with _naming(source):
        length = _header_length(data[: 8 + len(_BEGINNING)], len(data))
        header = _header(data[8 : 8 + length], len(data) - 8 - length)
        return _run(header, memoryview(data)[8 + length :])


def _open(path: Path) -> BinaryIO:
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for somebody to write into it
        raise RunFileError(tr("is not a file; open a run (.langrl) or a scenario (.toml)"))
    return path.open("rb")


def _header_length(beginning: bytes, size: int) -> int:
    """The length of the header in a file of this size, from its first bytes."""
    if not beginning:
        raise _broken(tr("is empty"))
    if beginning[8:] != _BEGINNING:
        raise RunFileError(tr("is not a run of LangRL Studio; open a run (.langrl) or a scenario (.toml)"))
    length = int.from_bytes(beginning[:8], "little")
    if not len(_BEGINNING) < length <= LARGEST_HEADER:
        raise _broken(tr("claims a header of {length} bytes, which no run has", length=length))
    if length > size - 8:
        raise _broken(
            tr("is cut short: its header has {length} bytes, and {size} are there", length=length, size=size - 8)
        )
    return length


class _Place(NamedTuple):
    """Where a tensor lies in the body."""

    begin: int
    end: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class _Header:
    """The container's header.

    Attributes
    ----------
    description : the text under KEY, not checked yet.
    places : for each name in _KINDS where its tensor lies; together they fill the body without gap or overlap.
    size : of the body, in bytes.
    """

    description: str
    places: dict[str, _Place]
    size: int


def _header(raw: bytes, size: int) -> _Header:
    """The header `raw` of a file whose body has `size` bytes, checked before any of those is looked at."""
    data = _parsed(raw)
    compact = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
    if raw != compact + b" " * (-len(compact) % 8):
        raise _broken(tr("has a header that is not laid out as in a run"))
    metadata = data.pop("__metadata__")
    if list(metadata) != [KEY]:
        raise _broken(tr("has other metadata than a run"))
    if unknown := data.keys() - _ALL_KINDS.keys():
        raise _broken(tr("has a tensor {name}, which no run has", name=_quoted(min(unknown))))
    if missing := _KINDS.keys() - data.keys():
        raise _broken(tr("lacks the tensor {name}", name=_quoted(min(missing))))
    places = {name: _place(name, entry) for name, entry in data.items()}
    end = 0
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        if place.begin > end:
            raise _broken(tr("has a gap before the tensor {name}", name=_quoted(name)))
        if place.begin < end:
            raise _broken(tr("has a tensor {name} that overlaps another", name=_quoted(name)))
        end = place.end
    if end > size:
        raise _broken(tr("is cut short: it describes {length} bytes of data and has {size}", length=end, size=size))
    if end < size:
        raise _broken(tr("goes on for {count} bytes after its end", count=size - end))
    # What is saved of a run is less than what it takes while it runs.
    if size > memory.budget():
        raise RunFileError(
            tr(
                "holds {size} MiB, more than the {most} MiB of memory that are planned for a run; "
                "use fewer words, or a shorter context",
                size=size >> 20,
                most=memory.budget() >> 20,
            )
        )
    return _Header(metadata[KEY], places, size)


def _place(name: str, entry: object) -> _Place:
    """What the header says of one tensor, if that is possible."""
    kind = _ALL_KINDS[name]
    match entry:
        case {"dtype": kind.code, "shape": list(shape), "data_offsets": [int(begin), int(end)], **rest} if not rest:
            sizes = [begin, end, *shape]
            if len(shape) == kind.axes and all(type(number) is int and number >= 0 for number in sizes):
                if end - begin == math.prod(shape) * kind.dtype.itemsize:
                    return _Place(begin, end, tuple(shape))
                raise _broken(tr("has a tensor {name} whose size is not that of its shape", name=_quoted(name)))
    raise _broken(tr("describes its tensor {name} in a way no run does", name=_quoted(name)))


def _run(header: _Header, body: memoryview) -> Run:
    """The run, if all of its parts are whole and agree."""
    description = _description(header.description)
    if description.tensors.keys() != header.places.keys():
        raise _broken(tr("has hashes of other tensors than it has"))
    parts = {name: body[place.begin : place.end] for name, place in header.places.items()}
    if damaged := [name for name in _ALL_KINDS if name in parts and _sha256(parts[name]) != description.tensors[name]]:
        raise _damaged(tr("has other contents than were written, in {names}", names=_short(", ".join(damaged))))
    tensors = {name: _array(parts[name], _ALL_KINDS[name], header.places[name].shape) for name in parts}
    try:
        sources = Sources(partial(_corpus, tensors), partial(_table, tensors))
        scenario = scenarios.from_data(description.scenario, sources=sources)
    except ScenarioError as error:
        if re.match(r"rewards\[\d+\]\.kind:", error.faults[0]):  # the file is whole: what lacks is a package
            raise RunFileError(tr("has a reward that is not known here: {fault}", fault=error.faults[0])) from None
        raise _broken(tr("holds a scenario that cannot be used: {fault}", fault=_short(error.faults[0]))) from None
    if "corpus" in tensors and scenario.language.source is None:
        raise _broken(tr("has a corpus, which its scenario does not"))
    if scenario.environment is None and any(name in tensors for name in _TABLE | _SPACES):
        raise _broken(tr("has a transition table, which its scenario does not"))
    found = _found(tensors)
    if (found is not None) != (scenario.environment is not None and scenario.environment.spaces is not None):
        raise _broken(tr("has found outcomes, which its scenario does not, or lacks them"))
    learner = learners.of(scenario.learner)
    if (description.kernel.name, description.seed) != (learner.name, scenario.learner.seed):
        raise _broken(tr("names another kernel or seed than its scenario"))
    timeline = _timeline(description.timeline, description.stand.step, scenario)
    moment = replace(_moment(description.stand, timeline, tensors), found=found)
    if fault := _contradiction(scenario, moment):
        raise _broken(fault)
    return Run(scenario, moment, Kernel(description.kernel.name, description.kernel.version))


def _corpus(tensors: dict[str, NDArray[Any]], reading: Reading) -> Corpus:
    """The corpus in these tensors, whatever it is called and was cut by."""
    if "corpus" not in tensors:
        raise _broken(tr("lacks the tensor {name}", name=_quoted("corpus")))
    try:
        return reading.of(tensors["corpus"].tobytes().decode())
    except UnicodeDecodeError:
        raise _broken(tr("has a corpus that is not UTF-8")) from None


def _found(tensors: dict[str, NDArray[Any]]) -> gym_tables.Found | None:
    """What came about in an environment without a table; None where nothing is told of it."""
    there = [name for name in _FOUND if name in tensors]
    if there and (absent := [name for name in _FOUND if name not in tensors]):
        raise _broken(tr("lacks the tensor {name}", name=_quoted(absent[0])))
    return gym_tables.Found(*(tensors[name] for name in _FOUND)) if there else None


def _table(tensors: dict[str, NDArray[Any]], environment: gym.Gym) -> gym.Table | gym.Spaces:
    """The transition table in these tensors, or the spaces, whatever their environment is called. That is not looked
    for."""
    if all(name in tensors for name in _SPACES) and not any(name in tensors for name in _TABLE):
        return gym.spaces_from_arrays({name: tensors[f"spaces.{name}"] for name in gym.SPACES})
    if absent := [name for name in _TABLE if name not in tensors]:
        raise _broken(tr("lacks the tensor {name}", name=_quoted(absent[0])))
    return gym.from_arrays({name: tensors[f"table.{name}"] for name in gym.ARRAYS})


def _array(part: memoryview, kind: _Kind, shape: tuple[int, ...]) -> NDArray[Any]:
    """A view of these bytes where the machine is little-endian, a copy elsewhere."""
    return np.frombuffer(part, kind.dtype).reshape(shape).astype(kind.dtype.newbyteorder("="), copy=False)


def _description(text: str) -> _Description:
    """The description, if it is what was written and has the form of one."""
    data = _parsed(text.encode())
    sha256 = data.pop("sha256", None)
    if sha256 != _sha256(_canonical(data).encode()):
        raise _damaged(tr("has another description than was written"))
    if _sealed(data) != text:
        raise _broken(tr("has a description that is not laid out as in a run"))
    version = data.get("format")
    if type(version) is int and version > FORMAT:
        raise RunFileError(
            tr(
                "has format {found}, and this program reads up to {known}; open it with a newer LangRL Studio",
                found=_quoted(version),
                known=FORMAT,
            )
        )
    try:
        return _Description.model_validate(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        path = _short(".".join(map(str, fault["loc"])))
        match fault["type"]:
            case "missing":
                raise _broken(tr("lacks {path} in its description", path=path)) from None
            case "extra_forbidden":
                raise _broken(tr("has {path} in its description, which no run has", path=path)) from None
            case _:
                found = _quoted(fault["input"])
                raise _broken(tr("says that {path} is {found}, which cannot be", path=path, found=found)) from None


def _timeline(data: _Timeline, step: int, scenario: Scenario) -> Timeline:
    try:
        timeline = Timeline.from_data(data.model_dump())
    except ValueError as error:
        raise _broken(tr("has a timeline that contradicts itself: {fault}", fault=error)) from None
    if timeline.pointer.step != step or any(event.step > step for event in timeline.events):
        raise _broken(tr("has a timeline that does not lead to where the run stands"))
    for path, value in sorted({(event.path, event.value) for branch in timeline.branches for event in branch.events}):
        if not is_live(path):
            raise _broken(tr("has an event that sets {path}, which cannot change", path=_quoted(path)))
        try:
            scenario.changed(path, value)
        except ScenarioError as error:
            raise _broken(tr("has an event that cannot be: {fault}", fault=_short(error.faults[0]))) from None
    return timeline


def _moment(stand: _Stand, timeline: Timeline, tensors: dict[str, NDArray[Any]]) -> Moment:
    if stand.amounts.keys() != _AMOUNTS.keys():
        raise _broken(tr("has other amounts than a run"))
    in_order = sorted(_AMOUNTS, key=_AMOUNTS.__getitem__)
    return Moment(
        timeline,
        stand.step,
        stand.episode,
        stand.prompt,
        tuple(stand.words),
        len(stand.words) if stand.position is None else stand.position,
        tuple(stand.amounts[name] for name in in_order),
        stand.bin_shift,
        tensors["states"],
        tensors.get("offered"),
        tensors["q"],
        tensors["visits"],
        {name: tensors[f"history.{name}"] for name in arrays.Histories._fields},
        samples=_samples(stand.samples_dropped, tensors),
    )


def _samples(dropped: int, tensors: dict[str, NDArray[Any]]) -> SampleList | None:
    """The samples in these tensors; None where there are none of them."""
    if (found := [name for name in _SAMPLES if name in tensors]) != list(_SAMPLES):
        if not found and not dropped:
            return None
        raise _broken(tr("lacks the tensor {name}", name=_quoted(next(n for n in _SAMPLES if n not in tensors))))
    when, words, worth = (tensors[name] for name in _SAMPLES)
    if len(when) > samples.MOST_SAMPLES or len(words) > samples.MOST_WORDS + samples.MOST_PROMPTS * samples.LONGEST:
        raise _broken(tr("has more samples than a run keeps"))
    ends = np.cumsum(when[:, 3:4].astype(object)).tolist() if len(when) else []
    if when.shape[1] != 4 or worth.shape != (len(when), 2) or (ends[-1] if ends else 0) != len(words):
        raise _broken(tr("has samples that contradict themselves"))
    said = words.tolist()
    return SampleList(
        tuple(
            Sample(step, episode, prompt, tuple(said[end - length : end]), *numbers)
            for (step, episode, prompt, length), end, numbers in zip(when.tolist(), ends, worth.tolist(), strict=True)
        ),
        dropped,
    )


def _contradiction(scenario: Scenario, moment: Moment) -> str:
    """In what the parts of a run do not agree; empty where they do."""
    language = scenario.language
    words, slots = len(language.words), language.slots
    if fault := _astray(scenario, moment):
        return fault
    finished = moment.step - moment.position
    full, rest = divmod(moment.episode, 1 << moment.bin_shift)
    bins = full + (rest > 0)
    lengths = {name: len(values) for name, values in moment.histories.items()}
    valued = {lengths.pop(name) for name in arrays.AT_BIN_ENDS}
    if moment.found is not None:
        full = 0  # no policy of an environment without a table is valued
    if bins > arrays.BINS or valued not in ({full}, {full - 1}) or set(lengths.values()) != {bins}:
        return tr("has histories of another length than its episodes")
    if moment.histories["greedy_shares"].shape[1] != len(scenario.rewards):
        return tr("has shares of other rewards than its scenario")
    if _sum(moment.histories["steps"]) != finished or _sum(moment.visits) != moment.step:
        return tr("has other visits than steps")
    floats = {"q": moment.q} | {name: values for name, values in moment.histories.items() if values.dtype.kind == "f"}
    for name, values in floats.items():
        if not np.isfinite(values).all():
            return tr("has a value in {name} that is not a finite number", name=_quoted(name))
    rows = len(moment.states)
    width = tables.width(language) if scenario.environment is None else 1
    if moment.q.shape != (rows, slots) or moment.visits.shape != (rows, slots) or moment.states.shape[1] != 1 + width:
        return tr("has a table of another size than its scenario")
    if moment.offered is not None:
        if moment.offered.shape != (rows, slots):
            return tr("has a table of another size than its scenario")
        if ((moment.offered >= words) & (moment.offered != NOTHING)).any():
            return tr("offers a word that its scenario does not have")
    if moment.samples is not None and not _are_samples(moment.samples.taken, scenario, moment):
        return tr("has samples that its run cannot have given")
    if not moment.visits.any(axis=1).all():
        return tr("has a state that was never visited")
    if not _are_states(moment.states, scenario):
        return tr("has a state that its scenario does not have")
    changed = moment.states[1:] != moment.states[:-1]
    each, first = np.arange(len(changed)), changed.argmax(axis=1) if len(changed) else np.arange(0)
    if not (moment.states[1:][each, first] > moment.states[:-1][each, first]).all():
        return tr("has states that are not in ascending order")
    if moment.found is not None and not _could_be_found(moment.found, scenario, moment):
        return tr("has found other outcomes than its visits are")
    return ""


def _could_be_found(found: gym_tables.Found, scenario: Scenario, moment: Moment) -> bool:
    """Whether these outcomes came about by what was visited."""
    assert scenario.environment is not None
    states, slots = scenario.environment.states, scenario.language.slots
    if len({len(values) for values in found[:4]}) > 1 or len(found.starts) != len(found.start_counts):
        return False
    edges, into, rewards = found.edge.astype(np.int64), found.into.astype(np.int64), found.reward
    keys = list(zip(edges.tolist(), into.tolist(), rewards.tolist(), strict=True))
    if (
        not ((edges < states * slots).all() and ((into < states) & (into >= -1)).all())
        or not (np.isfinite(rewards).all() and (found.counts > 0).all())
        or any(one >= other for one, other in pairwise(keys))
        or not (((found.starts >= 0) & (found.starts < states)).all() and (np.diff(found.starts) > 0).all())
        or not moment.episode <= _sum(found.start_counts) <= moment.episode + 1
    ):
        return False
    taken = np.zeros(states * slots, np.uint64)
    np.add.at(taken, edges, found.counts)
    visits = np.zeros((states, slots), np.uint64)
    visits[moment.states[:, 1]] = moment.visits
    return bool((taken.reshape(states, slots) == visits).all())


def _astray(scenario: Scenario, moment: Moment) -> str:
    """In what the episode in progress is none of the scenario's; empty where it is one."""
    language = scenario.language
    words, longest = len(language.words), language.max_length
    right = moment.position == len(moment.words)
    right &= all(word < words and word != language.end for word in moment.words)
    if scenario.environment is not None:
        longest = scenario.environment.world.longest or MOST_STEPS
        right = len(moment.words) >= 1 and moment.words[0] < scenario.environment.states
        done = moment.words[1:]
        if scenario.environment.spaces is None:
            right &= not done
        else:
            right &= len(done) == moment.position and all(action < words for action in done)
    if moment.prompt >= len(scenario.starts) or not right:
        return tr("stands in an episode that its scenario does not have")
    finished = moment.step - moment.position
    if not (moment.position < longest and moment.episode <= finished <= moment.episode * longest):
        return tr("has taken another number of steps than its episodes have")
    return ""


def _are_samples(taken: tuple[Sample, ...], scenario: Scenario, moment: Moment) -> bool:
    """Whether each of the samples is something that the agent can have said, one after the other, before `moment`."""
    words, prompts = len(scenario.language.words), len(scenario.starts)
    places = [(one.step, one.episode) for one in taken]
    return (
        all(before[0] <= after[0] and before[1] <= after[1] for before, after in pairwise(places))
        and all(one.step <= moment.step and one.episode <= moment.episode for one in taken[-1:])
        and all(
            one.prompt < prompts
            and all(word < words for word in one.words)
            and math.isfinite(one.total)
            and one.value < math.inf  # -inf where with gamma 1 it would never end; NaN is not less
            for one in taken
        )
    )


def _are_states(states: NDArray[np.int32], scenario: Scenario) -> bool:
    """Whether every row of `states` is something that the agent can see."""
    if scenario.environment is not None:
        return bool(((states >= 0) & (states < [1, scenario.environment.states])).all())
    language = scenario.language
    end = len(language.words) if language.end is None else language.end
    prompts, words = states[:, 0], states[:, 1:]
    length = (words != PADDING).sum(axis=1, keepdims=True)
    place = np.arange(words.shape[1])
    hidden = place < length - (words.shape[1] if language.context == "all" else language.context)
    seen = (place < length) & ~hidden
    return bool(
        ((prompts >= 0) & (prompts < len(scenario.starts))).all()
        and ((words == UNSEEN) == hidden).all()
        and (~seen | (words >= 0) & (words < len(language.words)) & (words != end)).all()
    )


def _sum(values: NDArray[np.uint64]) -> int:
    """The sum as it is, not modulo 2^64."""
    high, low = np.divmod(values, np.uint64(2**32))
    return (int(high.sum()) << 32) + int(low.sum())


# -- what is wrong ----------------------------------------------------------------------------------------------------


def _parsed(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`, read strictly: UTF-8, no name twice, no number and no text that JSON does not have."""
    try:
        data = json.loads(raw.decode(), object_pairs_hook=_unique)
        _canonical(data).encode()  # NaN, 1e999 and "\\ud800", half a character, pass Python's reader and fail here
    except RecursionError:
        raise _broken(tr("is nested too deeply")) from None
    except ValueError:
        raise _broken(tr("has a header that is not JSON")) from None
    if not isinstance(data, dict):
        raise _broken(tr("has a header that is not JSON"))
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in pairs:
        if name in data:
            raise _broken(tr("has the name {name} twice", name=_quoted(name)))
        data[name] = value
    return data


def _broken(what: str) -> RunFileError:
    return RunFileError(_with_remedy(what))


def _damaged(what: str) -> RunFileDamaged:
    return RunFileDamaged(_with_remedy(what))


def _with_remedy(what: str) -> str:
    return tr("{what}; use another copy of it, such as the previous version, which has a ~ after its name", what=what)


@contextmanager
def _naming(source: Path | str) -> Iterator[None]:
    """Begin the sentence of whatever goes wrong with the file that it is about."""
    try:
        yield
    except RunFileError as error:
        raise type(error)(f"{source}: {error}") from None


def _quoted(value: object) -> str:
    return _short(json.dumps(value))


def _short(text: str) -> str:
    """`text` on one line, no longer than a line, of characters that can be seen."""
    line = "".join(sign if sign.isprintable() else "·" for sign in " ".join(text.split()))
    return line if len(line) <= 100 else f"{line[:99]}…"
