"""The kernel against the same loop in C (`c_loop.c`), compiled where a C compiler exists, on a trainer's own arrays.

Knows what the trainer's arrays are; compiles into a temporary folder and leaves nothing behind.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.result import LeftOut, Result, in_turn
from langrl_gui.core import arrays
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.trainer import NO_LIMIT, Trainer

FLAGS = ("-O3", "-march=native", "-ffp-contract=off")
"""No contraction: a fused multiply-add rounds once where the kernel rounds twice."""


def compiler() -> str | None:
    """The C compiler: $CC, or what this system calls cc, gcc or clang; None if there is none."""
    names = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    return next((path for path in map(shutil.which, names) if path), None)


@cache
def _library() -> ctypes.CDLL:
    path = compiler()
    assert path is not None, "ask compiler() first"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Windows keeps a loaded library open
        library = Path(folder) / "c_loop.so"
        source = Path(__file__).with_name("c_loop.c")
        subprocess.run([path, *FLAGS, "-shared", "-fPIC", str(source), "-o", str(library), "-lm"], check=True)
        return ctypes.CDLL(str(library))


def advance_in_c(trainer: Trainer) -> Callable[[int], None]:
    """A function that takes the trainer to a step number, like `Trainer.advance`, in C; whole tables only."""
    run = _library().run
    world, learned, progress = trainer._world, trainer.learned, trainer.progress
    pointers = (
        _struct(
            *world,
            *map(np.uint64, (len(world.starts), *progress.histories.greedy_shares.shape[1:], world.amounts.shape[1])),
        ),
        _struct(*learned),
        _struct(*progress[:3], np.uint64(len(progress.tape)), *progress[3:8], *progress.histories, *progress.watch),
    )

    def advance(steps: int) -> None:
        reason = arrays.LOOK_DUE
        while reason == arrays.LOOK_DUE:
            rules = trainer._rules(steps, NO_LIMIT)
            in_c = _struct(*rules, np.uint64(len(rules.said_nodes)))
            reason = run(*map(ctypes.byref, pointers), ctypes.byref(in_c))
            if reason == arrays.LOOK_DUE:
                trainer.samples.look(trainer)
        assert reason == arrays.STEPS_DONE, reason

    return advance


def _struct(*values: Any) -> ctypes.Structure:
    """Arrays as pointers, np.uint64 and float as they are: the fields of a struct, in this order."""
    fields: list[tuple[str, Any, Any]] = []
    for number, value in enumerate(values):
        if isinstance(value, np.ndarray):
            fields.append((f"field{number}", ctypes.c_void_p, value.ctypes.data))
        elif isinstance(value, float):
            fields.append((f"field{number}", ctypes.c_double, value))
        else:
            fields.append((f"field{number}", ctypes.c_uint64, int(value)))
    struct = type("Struct", (ctypes.Structure,), {"_fields_": [(name, kind) for name, kind, _ in fields]})
    return struct(*(value for _, _, value in fields))


def everything(trainer: Trainer) -> bytes:
    """All bits that a loop leaves behind."""
    progress = trainer.progress
    left = (*trainer.learned, progress.counters, progress.amounts, progress.tape, *progress.histories, *progress.watch)
    return b"".join(array.tobytes() for array in left)


def compare(steps: int = 4_000_000, pairs: int = 15) -> list[Result]:
    """Kernel and C in turn, each on a run of its own, which have to be the same run in the end."""
    if compiler() is None:
        raise LeftOut("there is no C compiler here (cc, gcc, clang, or what CC names)")
    results = []
    for name in ("i-love-you", "ten-words"):
        trainer, trainer_in_c = Trainer(scenarios.find(name)), Trainer(scenarios.find(name))
        advance = advance_in_c(trainer_in_c)
        trainer.advance(steps // 10)
        advance(steps // 10)
        kernel, c = in_turn(
            pairs,
            lambda run=trainer: run.advance(run.step + steps),
            lambda run=trainer_in_c, go=advance: go(run.step + steps),
        )
        assert everything(trainer) == everything(trainer_in_c), f"{name}: kernel and C did not do the same"
        details = {"kernel M steps/s": steps / min(kernel) / 1e6, "C M steps/s": steps / min(c) / 1e6}
        what = f"training speed against the same loop in C, {name}"
        results.append(Result(what, min(c) / min(kernel), "x", 0.7, 1.0, details, "equal to the last bit"))
    return results
