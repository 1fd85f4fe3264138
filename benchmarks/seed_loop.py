"""The kernel against tabular Q-learning as people write it: a gymnasium.Env, a numpy table, one Python call a step.

Nothing is put in its way: no wrappers around the environment, states are whole numbers. Knows gymnasium and numpy; for
the comparison, the trainer.
"""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result, seconds
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.trainer import Trainer


class SentenceEnv(gymnasium.Env[int, int]):
    """Say a text word by word: +1 where it goes on as some reference does, -1 elsewhere; the state is the text so far.

    One prompt, texts of full length. State 0 is the empty text; word w leads from state s to s * words + w + 1.
    """

    def __init__(self, words: list[str], max_length: int, references: list[list[str]]) -> None:
        states = sum(len(words) ** length for length in range(max_length))
        self.observation_space = gymnasium.spaces.Discrete(states)
        self.action_space = gymnasium.spaces.Discrete(len(words))
        self.words = words
        self.max_length = max_length
        self.references = references
        self.text: list[str] = []
        self.state = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.text = []
        self.state = 0
        return self.state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.text.append(self.words[action])
        right = any(reference[: len(self.text)] == self.text for reference in self.references)
        reward = 1.0 if right else -1.0
        terminated = len(self.text) == self.max_length
        if not terminated:
            self.state = self.state * len(self.words) + action + 1
        return self.state, reward, terminated, False, {}


def train(scenario: Scenario, steps: int) -> NDArray[np.float64]:
    """Learn for so many steps; returns the table, (states, words)."""
    language, learner = scenario.language, scenario.learner
    references = [reference.split(language.joiner) for reference in scenario.prompts[0].references]
    env = SentenceEnv(list(language.words), language.max_length, references)
    env.action_space.seed(learner.seed)
    rng = np.random.default_rng(learner.seed)
    alpha, gamma, epsilon = learner.alpha, learner.gamma, learner.explore.epsilon

    q = np.zeros((env.observation_space.n, env.action_space.n))
    state, _ = env.reset(seed=learner.seed)
    for _ in range(steps):
        if rng.random() < epsilon:
            action = int(env.action_space.sample())
        else:
            action = int(np.argmax(q[state]))
        next_state, reward, terminated, truncated, _ = env.step(action)
        target = reward if terminated else reward + gamma * np.max(q[next_state])
        q[state, action] += alpha * (target - q[state, action])
        state = next_state
        if terminated or truncated:
            state, _ = env.reset()
    return q


def compare(loop_steps: int = 20_000, pairs: int = 15) -> list[Result]:
    """`ten-words` from start to stop rule by the kernel, and in turn as much of it as is bearable by the loop."""
    scenario = scenarios.find("ten-words")
    kernel, loop = [], []
    for _ in range(pairs):
        trainer = Trainer(scenario)
        trainer.prepare()
        kernel.append(seconds(lambda run=trainer: run.advance(*run.limits)) / trainer.step)
        loop.append(seconds(lambda: train(scenario, loop_steps)) / loop_steps)
    ours, theirs = 1e-6 / min(kernel), 1e-6 / min(loop)
    details = {"kernel M steps/s": ours, "gymnasium and numpy M steps/s": theirs}
    note = f"ten-words, whole runs of {trainer.step:,} steps"
    return [Result("training speed against the seed loop", ours / theirs, "x", 500, 1000, details, note)]
