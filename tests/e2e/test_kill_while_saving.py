"""Whatever stops a save, at whatever moment, the file is the old one or the new one, whole.

The real writer, in a process of its own where it is killed: before each of its calls to the system, and at random. The
same for calls that fail. After SQLite's tests: N goes up until the save completes.
"""

import errno
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import BuiltinFunctionType
from typing import Any

import pytest

from langrl_gui.core import runfile
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.errors import RunFileError
from langrl_gui.core.runfile import Run
from langrl_gui.core.trainer import Trainer

KILLS = 300 if os.environ.get("LANGRL_SOAK") == "1" else 20
NEVER = 10**9
SITUATIONS = ("no file", "a file", "a file and its previous one", "no hard links")

processes = multiprocessing.get_context("forkserver")  # its children are forked from a process without threads
processes.set_forkserver_preload([__name__])


@cache
def runs() -> tuple[Run, Run, Run]:
    """An older run, the one that was saved, and the one that is being saved; of different lengths."""
    trainer = Trainer(scenarios.find("ten-words"), compiled=False)
    made = []
    for steps in (100, 400, 1000):
        trainer.advance(steps)
        made.append(runfile.of_trainer(trainer))
    return made[0], made[1], made[2]


@cache
def contents() -> tuple[bytes, bytes, bytes]:
    older, old, new = map(runfile.dumps, runs())
    return older, old, new


class System:
    """Stands for the module `os` in the writer; every call passes through `call(number, name, function, arguments)`."""

    def __init__(self, call: Callable[[int, str, Any, tuple[Any, ...]], Any], situation: str) -> None:
        self.names: list[str] = []
        self._call = call
        self._situation = situation

    def __getattr__(self, name: str) -> Any:
        function = getattr(os, name)
        if not isinstance(function, BuiltinFunctionType):
            return function

        def call(*arguments: Any) -> Any:
            self.names.append(name)
            if name == "link" and self._situation == "no hard links":
                return self._call(len(self.names), name, _no_link, arguments)
            return self._call(len(self.names), name, function, arguments)

        return call


def _no_link(source: str, target: str) -> None:
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def prepare(path: Path, situation: str) -> None:
    """Make the folder of `path` what the situation says, and nothing else in it."""
    for entry in path.parent.iterdir():
        entry.unlink()
    older, old, _ = contents()
    if situation != "no file":
        path.write_bytes(old)
    if situation == "a file and its previous one":
        previous_of(path).write_bytes(older)


def previous_of(path: Path) -> Path:
    return path.with_name(f"{path.name}~")


def check_whole(path: Path, situation: str) -> str:
    """What the file is now, "old" or "new"; fails where it or the previous one is anything but whole."""
    older, old, new = contents()
    previous = previous_of(path)
    if previous.exists():
        assert previous.read_bytes() in (older, old)
        runfile.read(previous)
    if situation == "no file" and not path.exists():
        return "old"
    runfile.read(path)
    content = path.read_bytes()
    assert content in (old, new)
    if content == new and situation != "no file":
        assert previous.read_bytes() == old
    return "new" if content == new else "old"


def temporaries(path: Path) -> list[str]:
    """What lies in the folder beside the file and its previous one."""
    return sorted(entry.name for entry in path.parent.iterdir() if entry not in (path, previous_of(path)))


# -- killed -----------------------------------------------------------------------------------------------------------


def save_and_die(path: Path, run: Run, situation: str, number: int) -> None:
    """Save, and be killed before the call of this number."""

    def call(here: int, name: str, function: Any, arguments: tuple[Any, ...]) -> Any:
        if here == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)

    runfile.os = System(call, situation)  # type: ignore[attr-defined]
    runfile.write(path, run)


def save_for_ever(path: Path, old: Run, new: Run) -> None:
    """Save the new run and the old one in turn."""
    while True:
        runfile.write(path, new)
        runfile.write(path, old)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_killed_before_each_system_call_of_a_save_the_file_is_the_old_or_the_new_one(
    situation: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.langrl"
    seen = []
    for number in count(1):
        prepare(path, situation)
        process = processes.Process(target=save_and_die, args=(path, runs()[2], situation, number))
        process.start()
        process.join()
        seen.append(check_whole(path, situation))
        stood = path.read_bytes() if path.exists() else None
        runfile.write(path, runs()[2])
        assert path.read_bytes() == contents()[2]
        if stood is not None:
            assert previous_of(path).read_bytes() == stood
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
    assert len(seen) > 12
    assert seen == sorted(seen, key=["old", "new"].index)
    assert set(seen) == {"old", "new"}


def test_killed_at_random_moments_the_file_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    luck = random.Random(0)
    in_the_middle = 0
    for _ in range(KILLS):
        path = tmp_path / "a.langrl"
        prepare(path, "a file")
        process = processes.Process(target=save_for_ever, args=(path, *runs()[1:]))
        process.start()
        _wait_for_a_save(process, path)
        time.sleep(luck.uniform(0, 0.03))
        process.kill()
        process.join()
        in_the_middle += bool(temporaries(path))
        _, old, new = contents()
        for file in (path, previous_of(path)):
            assert file.read_bytes() in (old, new)
            runfile.read(file)
    assert in_the_middle > KILLS // 10


def _wait_for_a_save(process: BaseProcess, path: Path) -> None:
    deadline = time.monotonic() + 60
    while not previous_of(path).exists():
        assert process.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.001)


# -- failing ----------------------------------------------------------------------------------------------------------


def failing(number: int, error: int, until: int) -> Callable[[int, str, Any, tuple[Any, ...]], Any]:
    """Calls number..until fail with this error; a file that fails to close is closed all the same, as systems do."""

    def call(here: int, name: str, function: Any, arguments: tuple[Any, ...]) -> Any:
        if number <= here <= until:
            if name == "close":
                function(*arguments)
            raise OSError(error, os.strerror(error))
        return function(*arguments)

    return call


def saves_that_fail(
    path: Path, situation: str, error: int, until: int | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[int, System, str | None]]:
    """Save with the first call failing, then the second, and so on; each time its number, and the sentence if any."""
    for number in count(1):
        prepare(path, situation)
        system = System(failing(number, error, until or number), situation)
        sentence = None
        with monkeypatch.context() as patched:
            patched.setattr(runfile, "os", system)
            try:
                runfile.write(path, runs()[2])
            except RunFileError as caught:
                sentence = str(caught)
        yield number, system, sentence
        if number > len(system.names):
            assert sentence is None
            return


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["no space", "i/o error"])
def test_each_system_call_that_fails_gives_one_error_and_leaves_the_old_file_and_no_other(
    situation: str, error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.langrl"
    refused = 0
    for number, system, sentence in saves_that_fail(path, situation, error, None, monkeypatch):
        assert temporaries(path) == []
        state = check_whole(path, situation)
        if sentence is None:
            assert state == "new"
            assert number > len(system.names) or system.names[number - 1] == "unlink"
        elif "the disk does not confirm" in sentence:
            assert state == "new"
            assert system.names[number - 1] in ("open", "fsync", "close")
        else:
            assert state == "old"
            assert sentence.startswith(f"{path}: cannot be saved: ")
            assert ("there is no room for it" if error == errno.ENOSPC else os.strerror(error)) in sentence
            refused += 1
    assert refused >= 9


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_disk_that_fails_and_never_recovers_leaves_the_file_whole(
    situation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.langrl"
    for number, system, sentence in saves_that_fail(path, situation, errno.EIO, NEVER, monkeypatch):
        state = check_whole(path, situation)
        confirmed = sentence is None
        assert state == "new" if confirmed else number <= len(system.names)


def test_a_failed_fsync_is_never_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.langrl"
    failed = 0
    for number, system, sentence in saves_that_fail(path, "a file", errno.EIO, None, monkeypatch):
        if number <= len(system.names) and system.names[number - 1] == "fsync":
            failed += 1
            assert sentence is not None
            assert "fsync" not in system.names[number:]
    assert failed == 2


def test_what_gets_the_name_is_on_the_disk_and_read_back_before_and_the_name_itself_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.langrl"
    prepare(path, "a file")
    system = System(lambda here, name, function, arguments: function(*arguments), "a file")
    monkeypatch.setattr(runfile, "os", system)
    runfile.write(path, runs()[2])
    steps = [name for name in system.names if name in ("write", "fsync", "read", "link", "replace")]
    assert steps == ["write", "fsync", "read", "read", "link", "replace", "replace", "fsync"]


def test_a_file_system_that_takes_a_little_at_a_time_gets_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(here: int, name: str, function: Any, arguments: tuple[Any, ...]) -> Any:
        if name == "write":
            return function(arguments[0], arguments[1][:1000])
        return function(*arguments)

    path = tmp_path / "a.langrl"
    prepare(path, "a file")
    monkeypatch.setattr(runfile, "os", System(call, "a file"))
    runfile.write(path, runs()[2])
    assert check_whole(path, "a file") == "new"


def test_a_disk_that_gives_back_other_data_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(here: int, name: str, function: Any, arguments: tuple[Any, ...]) -> Any:
        data = function(*arguments)
        return data[:-1] + bytes([data[-1] ^ 1]) if name == "read" and data else data

    path = tmp_path / "a.langrl"
    prepare(path, "a file")
    with monkeypatch.context() as patched:
        patched.setattr(runfile, "os", System(call, "a file"))
        with pytest.raises(RunFileError, match="gives back other data than it was given"):
            runfile.write(path, runs()[2])
    assert check_whole(path, "a file") == "old"
    assert temporaries(path) == []
    assert not previous_of(path).exists()
