"""Large vocabularies: a made-up language of 10,000 words, what it takes to train on it, to open it, and to watch it."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from itertools import accumulate
from pathlib import Path
from typing import Any

import psutil

from benchmarks import window
from benchmarks.result import Result
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.text import MARK, mark

WORDS = 10_000
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


def corpus(words: int = WORDS, tokens: int = 120_000, seed: int = 0) -> str:
    """Sentences of a language that nobody speaks, in which every word occurs, some far more often than others, and has
    followers of its own."""
    luck = random.Random(seed)
    names: dict[str, None] = {}
    while len(names) < words:
        names["".join(luck.choices(SYLLABLES, k=2 + len(names) // 1000 % 3))] = None
    vocabulary = list(names)
    frequency = list(accumulate(1 / (10 + rank) for rank in range(words)))
    followers = [luck.choices(vocabulary, cum_weights=frequency, k=40) for _ in range(200)]
    number = {word: place for place, word in enumerate(vocabulary)}
    lines, said = [vocabulary[first : first + 10] for first in range(0, words, 10)], words
    while said < tokens:
        line = luck.choices(vocabulary, cum_weights=frequency)
        for _ in range(luck.randint(3, 15)):
            likely = luck.random() < 0.8
            line.append(luck.choice(followers[number[line[-1]] % 200]) if likely else luck.choice(vocabulary))
        lines.append(line)
        said += len(line)
    luck.shuffle(lines)
    return "\n".join(map(" ".join, lines)) + "\n"


SCENARIO = """\
name = "Ten thousand words"
[language]
corpus = "corpus.txt"
tokenizer = "{tokenizer}"
max_words = {words}
joiner = " "
max_length = 6
shortlist = 50
{more}
[[rewards]]
kind = "fluency"
order = 2
smoothing = "lidstone"
added = 0.01
[[rewards]]
kind = "repetition"
[learner]
method = "q-learning"
explore = {{ kind = "epsilon-greedy", epsilon = 0.3 }}
"""


def write(folder: Path, tokens: int = 120_000, tokenizer: str = "whitespace", more: str = "") -> Path:
    """A scenario of WORDS words, texts of six and a shortlist of fifty, and its corpus; returns the scenario's path."""
    (folder / "corpus.txt").write_text(corpus(tokens=tokens), "utf-8")
    path = folder / "scenario.toml"
    path.write_text(SCENARIO.format(words=WORDS, tokenizer=tokenizer, more=more), "utf-8")
    return path


def memory(for_seconds: float = 60.0, more: str = "") -> list[Result]:
    """A minute of `langrl train` on it: whether it goes on all the time, and how much memory it takes of what was
    announced. What Python and its libraries take before there is a table counts as well."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), more=more)
        command = [sys.executable, "-m", "langrl_gui.cli", "train", str(path), "--steps", str(10**12), "--json"]
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        watched, most = psutil.Process(child.pid), 0
        while child.poll() is None and time.monotonic() - began < for_seconds:
            most = max(most, watched.memory_info().rss)
            time.sleep(0.05)
        ran = time.monotonic() - began
        if child.poll() is None:
            os.kill(child.pid, signal.SIGINT)
        out, err = child.communicate()
        if not out:
            raise SystemExit(f"{' '.join(command)} stopped after {ran:.0f} s:\n{err}")
        report = json.loads(out)
    details = {
        "seconds": ran,
        "MiB taken": most / 2**20,
        "MiB announced": report["planned_bytes"] / 2**20,
        "states": report["states"],
        "steps/s": report["steps_per_second"],
        "edges/s while tracing": report["edges_traced"] / report["tracing_seconds"],
        "seconds of tracing": report["tracing_seconds"],
    }
    return [Result("10,000 words for a minute, memory", most / report["planned_bytes"], "of the plan", 1, 0.9, details)]


def opened(times: int = 3) -> list[Result]:
    """From choosing it to where it can be used, in the window."""
    with tempfile.TemporaryDirectory() as folder, window.warm_processes() as processes:
        path = write(Path(folder), tokenizer="words")
        took = min(float(processes.python("-m", "benchmarks.opening", str(path))) for _ in range(times))
    return [Result("a corpus of 120,000 words opened in the window", took, "s", 3, 1, {}, f"best of {times}")]


def watched(states: int = 1_000_000, for_seconds: float = 15.0) -> list[Result]:
    """What the window draws while a million states are traced as fast as they can be, beside what it draws when none
    are."""
    with window.warm_processes() as processes:
        whole, traced = (scenarios.built_in()[name] for name in ("ten-words", "morning-tea"))
        processes.demo(0.5, traced)
        without = processes.demo(for_seconds, whole)["frame_ms"]
        seen = processes.watch(traced, states)
    details = {name: seen[name] for name in ("p50", "max", "states", "seconds", "frames", "edges/s")}
    details["p99 without tracing"] = without["p99"]
    note = f"{processes.screen}, morning-tea"
    what = f"time between frames while {states:,} states are traced, 99th percentile"
    return [Result(what, seen["p99"], "ms", 40, 25, details, note)]


def terms(states: int = 30) -> list[Result]:
    """What it takes to ask each reward term about one state, of which fifty of ten thousand words are offered."""
    text, luck = mark(corpus(), "whitespace"), random.Random(1)
    words = list(dict.fromkeys(text.replace("\n", MARK).split(MARK)))
    references = [" ".join(luck.choices(words, k=6)) for _ in range(2)]
    settings: list[dict[str, Any]] = [
        {"kind": "match"},
        {"kind": "exact", "shaping": True},
        {"kind": "edit", "paid": "each-word"},
        {"kind": "bleu", "paid": "each-word"},
        {"kind": "chrf", "paid": "each-word"},
        {"kind": "fluency", "order": 3, "smoothing": "kneser-ney"},
        {"kind": "grammar", "rules": "start: WORD+\nWORD: /[a-z]+/"},
        {"kind": "coherence"},
        {"kind": "forbidden", "phrases": luck.choices(words, k=20)},
        {"kind": "required", "phrases": luck.choices(words, k=5)},
        {"kind": "repetition"},
        {"kind": "length", "least": 3},
        {"kind": "words", "words": {words[0]: 1.0}},
    ]
    took = {}
    for term in settings:
        data = tomllib.loads(SCENARIO.format(words=WORDS, tokenizer="whitespace", more=""))
        data |= {"rewards": [term], "prompts": [{"references": references}]}
        dynamics = Dynamics(scenarios.from_data(data, read_corpus=lambda name, tokenizer: text))
        joint = dynamics.start(0)
        began = time.perf_counter()
        for state in range(states):
            moves = dynamics.moves(joint)
            joint = dynamics.start(0) if state % 5 == 4 else moves.after(luck.randrange(dynamics.slots))
        took[f"{term['kind']} ms"] = (time.perf_counter() - began) / states * 1000
    what = "one state of 10,000 words, shortlist 50, asked of the reward term that takes longest"
    return [Result(what, max(took.values()), "ms", 30, 15, took)]


def compare() -> list[Result]:
    """All four."""
    return [*memory(), *terms(), *opened(), *watched()]
