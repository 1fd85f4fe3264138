"""The compiled loops: the only package that imports numba, and not before `load` is called.

Compiled code is kept in a private folder of the user's, named after the sources it was made from. A folder in which
anything differs from what was written there is thrown away; where none can be written, code is compiled afresh.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import platformdirs

from langrl_gui.core.arrays import Progress, Rules, Variant, World

Loop = Callable[[World, Any, Progress, Rules], int]
"""(world, the learner's arrays, progress, rules) -> why it came back."""
Code = TypeVar("Code")


class Kind(NamedTuple):
    """Which loop is meant."""

    learner: str
    variant: Variant
    example: tuple[World, Any, Progress, Rules]
    """Arguments of the types that it will be called with; only their types are looked at."""

    def __str__(self) -> str:
        asked = (name for name, value in self.variant._asdict().items() if value)
        return "_".join([self.learner.replace("-", "_"), *asked])


_lock = threading.Lock()
_loops: dict[str, Loop] = {}


class Sweeps(NamedTuple):
    """The compiled functions of `kernels.sweeps`."""

    improve: Callable[..., None]
    ahead: Callable[..., None]


_sweeps: Sweeps | None = None


def load(kind: Kind) -> Loop:
    """The compiled loop, ready to run; from any thread. The first call on a machine compiles, which takes some seconds;
    later ones read what was kept."""
    with _lock:
        if str(kind) not in _loops:
            _loops[str(kind)] = _kept(partial(_compile, kind))
        return _loops[str(kind)]


def load_sweeps() -> Sweeps:
    """The sweeps of an exact solution, as ready as a loop."""
    global _sweeps
    with _lock:
        if _sweeps is None:
            _sweeps = _kept(_compile_sweeps)
        return _sweeps


def is_loaded(kind: Kind) -> bool:
    """Whether `load` would answer at once."""
    return str(kind) in _loops


def is_compiled(kind: Kind) -> bool:
    """Whether `load` would find compiled code; True as well where none can be kept, so that nobody waits in vain."""
    if is_loaded(kind):
        return True
    folder = cache_folder()
    if folder is None:
        return True
    return any(folder.rglob(f"*.run_{kind}-*.nbi")) and (folder / _SEAL).exists() and _is_whole(folder)


def command(kind: Kind) -> list[str]:
    """What to start to have another process compile it into the user's cache."""
    asked = [name for name, value in kind.variant._asdict().items() if value]
    return [sys.executable, "-m", __name__, kind.learner, *asked]


def _kept(make: Callable[[Path | None], Code]) -> Code:
    """What `make` compiles, into the folder that it is given."""
    folder = cache_folder()
    if folder is not None and not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder = cache_folder()
    try:
        code = make(folder)
    except OSError:  # the disk is full, or another process has thrown the folder away
        folder = None
        code = make(None)
    if folder is not None:
        _seal(folder)
    return code


def _compile(kind: Kind, folder: Path | None) -> Loop:
    import numba

    from langrl_gui.core.kernels import loop

    numba.config.CACHE_DIR = str(folder or "")  # type: ignore[attr-defined]  # numba makes it from the environment
    # Arrays belong to the caller and outlive the call: counting references to them, twice a step and atomically, would
    # halve the speed. Calling what a step does, rather than inlining it, would do the same.
    inner = partial(numba.njit, error_model="numpy", _nrt=False)
    every_step, now_and_then = inner(forceinline=True), inner()
    decorate = inner(nogil=True, cache=folder is not None)
    module = _module(kind.learner)
    constants = {name.upper(): value for name, value in kind.variant._asdict().items()}
    names: dict[str, Any] = dict(vars(loop)) | constants
    in_learner: dict[str, Any] = dict(vars(module)) | constants
    suffix = str(kind)

    def make(function: Any, of: dict[str, Any], how: Callable[[Any], Any]) -> Any:
        of[function.__name__] = made = how(_rebound(function, of, suffix))
        return made

    make(module.highest_offered, in_learner, now_and_then)
    for function in (module.greedy, module.learn):
        names[function.__name__] = make(function, in_learner, every_step)
    for function in (loop.offered_slot, loop.outcome_of):
        make(function, names, every_step)
    valuing = (loop.expect_greedy_policy, loop.come_to, loop.settle_values, loop.value_greedy_policy)
    for function in (loop.says_the_same, loop.look_after, loop.bin_is_due, loop.widen_bins, loop.add_shares, *valuing):
        make(function, names, now_and_then)
    compiled: Any = decorate(_rebound(loop.run, names, suffix))
    compiled.compile(tuple(map(numba.typeof, kind.example)))
    made: Loop = compiled
    return made


def _compile_sweeps(folder: Path | None) -> Sweeps:
    import numba

    from langrl_gui.core.kernels import sweeps

    numba.config.CACHE_DIR = str(folder or "")  # type: ignore[attr-defined]
    made = [
        numba.njit(error_model="numpy", nogil=True, cache=folder is not None)(function)
        for function in (sweeps.improve, sweeps.ahead)
    ]
    first, following, values, policy = np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.intp)
    made[0](first, following, values, values, np.uint64(1), 0.5, values, values, policy)
    made[1](first, following, values, values, values)
    return Sweeps(*made)


def _module(learner: str) -> ModuleType:
    """The module of a learner's two functions. The names are written out: nothing in a file names what is imported."""
    from langrl_gui.core.kernels import q_learning

    return {"q-learning": q_learning}[learner]


def _rebound(function: Any, names: dict[str, Any], suffix: str) -> FunctionType:
    """`function` seeing other global names; its own qualified name keeps apart what is cached of each."""
    copy = FunctionType(function.__code__, names, function.__name__)
    copy.__qualname__ = f"{function.__name__}_{suffix}"
    copy.__module__ = function.__module__
    return copy


@cache
def _fingerprint() -> str:
    """Of everything that decides what the compiler makes."""
    versions = [importlib.metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    digest = hashlib.sha256(" ".join([*versions, sys.version]).encode())
    here = Path(__file__).parent
    constants = (here.parent / name for name in ("arrays.py", "draws.py", "tables.py"))
    for source in sorted([*here.glob("*.py"), *constants]):
        digest.update(source.read_bytes() if source.exists() else b"")
    return digest.hexdigest()[:16]


def cache_folder() -> Path | None:
    """The folder for compiled code, made if need be; None where no private one can be written."""
    root = Path(os.environ.get("LANGRL_CACHE_DIR") or platformdirs.user_cache_path("langrl", appauthor=False))
    folder = root / "kernels" / _fingerprint()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return None
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return None
    return folder


_SEAL = "sha256.json"


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in (".nbi", ".nbc"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _is_whole(folder: Path) -> bool:
    """Whether every file is as it was when it was written. An empty folder is whole."""
    try:
        hashes = _hashes(folder)
        return not hashes or json.loads((folder / _SEAL).read_text("utf-8")) == hashes
    except (OSError, ValueError):
        return False


def _seal(folder: Path) -> None:
    """Write down the hashes of what the compiler left, where they are not written down already."""
    try:
        if not _is_whole(folder) or not (folder / _SEAL).exists():
            whole = folder / f"{_SEAL}.{os.getpid()}"
            whole.write_text(json.dumps(_hashes(folder)), "utf-8")
            whole.replace(folder / _SEAL)
    except OSError:
        return
