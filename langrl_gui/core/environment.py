"""A scenario as a gymnasium environment, for trainers of others: `gymnasium.make("langrl_gui/Language-v0")`.

Asks the reward terms directly, knows nothing of tables or learning. Imports gymnasium, so nothing else imports this.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from langrl_gui.core import scenario as scenarios
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.errors import ScenarioError
from langrl_gui.core.i18n import tr
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import PADDING, UNSEEN

DEFAULT: Final = "i-love-you"
"""The scenario of an environment that is made from nothing."""
MOST_STATES: Final = 2**63 - 1
"""States that `Discrete` can number."""

WORDS_PER_SECOND: Final = 4
"""As fast as one reads along; for whoever plays an episode back."""

Observation = NDArray[np.int64] | np.int64


class LanguageEnv(gymnasium.Env[Any, Any]):
    """Say a text word by word; an action is a word's number.

    Parameters
    ----------
    scenario : a scenario, the id of a built-in one, or the path of a `.toml`.
    words, max_length, references, joiner, end_word : in place of a scenario, a language without prompts. A word that
        goes on like a reference earns 1, any other -1; without references nothing earns anything.
    observation : what an agent with the scenario's context sees, as one of two. "text": (max_length,) word numbers,
        -1 after the last one, and -2 for a word of which the position alone is seen. Where there are several prompts,
        the place of the next word holds `words + prompt`. "index": the number of the state; after the end of a text
        still that in which its last word was said.
    render_mode : "ansi": `render` returns the prompt and the text.

    Every `info` has "prompt", "text", "action_mask", (words,) int8 as `Discrete.sample` takes it, and "shares": what
    each reward term gave for the last word, weights included, so that they add up to the reward.

    Raises
    ------
    ScenarioError
        If the scenario cannot be used, or has more states than an index can number.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": WORDS_PER_SECOND}  # noqa: RUF012 (gymnasium's type)

    def __init__(
        self,
        scenario: Scenario | str | Path | None = None,
        *,
        words: Sequence[str] | None = None,
        max_length: int | None = None,
        references: Sequence[str] = (),
        joiner: str = "",
        end_word: str = "",
        observation: Literal["text", "index"] = "text",
        render_mode: str | None = None,
    ) -> None:
        if words is not None and scenario is not None:
            raise ScenarioError([tr('"scenario" and "words" both say what the language is; leave one out')])
        if words is not None:
            scenario = _from_words(words, max_length, references, joiner, end_word)
        elif not isinstance(scenario, Scenario):
            scenario = scenarios.find(str(scenario or DEFAULT))
        if observation not in ("text", "index"):
            raise ScenarioError([tr('observation: expected "text" or "index", found {found!r}', found=observation)])
        if scenario.environment is not None:
            fault = tr("it is an environment already; gymnasium.make({id!r}) makes it", id=scenario.environment.id)
            raise ScenarioError([fault], scenario.name)
        self.scenario = scenario
        self.observation = observation
        self.render_mode = render_mode
        self._dynamics = Dynamics(scenario)
        self._terms = _names([term.kind for term in scenario.rewards])
        weights = np.array([prompt.weight for prompt in scenario.starts])
        self._chances = weights / weights.sum()
        self._numbers = _Numbers(scenario)
        language = scenario.language
        self.action_space = Discrete(len(language.words))
        if observation == "index":
            if self._numbers.count > MOST_STATES:
                raise ScenarioError([tr('observation: too many states for an index; use "text"')])
            self.observation_space: Any = Discrete(self._numbers.count)
        else:
            marks = len(scenario.starts) if len(scenario.starts) > 1 else 0
            highest = len(language.words) - 1 + marks
            self.observation_space = Box(UNSEEN, highest, (language.max_length,), np.int64)
        self._prompt = 0
        self._said: list[int] = []
        self._unsaid = 0
        self._joint: int | None = None  # None where a text has ended, or none has begun

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a text; `options={"prompt": number}` chooses the prompt, which is drawn by weight otherwise."""
        super().reset(seed=seed)
        prompt = (options or {}).get("prompt")
        if prompt is None:
            prompt = self.np_random.choice(len(self._chances), p=self._chances)
        elif not (isinstance(prompt, int | np.integer) and 0 <= prompt < len(self._chances)):
            raise ValueError(
                tr('options["prompt"]: expected a number from 0 to {last}, found {found!r}',
                   last=len(self._chances) - 1, found=prompt)
            )  # fmt: skip
        self._prompt = int(prompt)
        self._said, self._unsaid = [], 0
        self._joint = self._dynamics.start(self._prompt)
        return self._observe(), self._info(np.zeros(len(self._terms)))

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Say the word with this number. One that is not offered stays unsaid and earns nothing; after as many of them
        as a text may have words, the text is broken off, which is a truncation."""
        if self._joint is None:
            raise ResetNeeded(tr("the text has ended; call reset() to begin another"))
        if not self.action_space.contains(action):
            raise ValueError(
                tr("expected a word's number from 0 to {last}, found {found!r}",
                   last=len(self.scenario.language.words) - 1, found=action)
            )  # fmt: skip
        moves = self._dynamics.moves(self._joint)
        offered = np.flatnonzero(moves.offered)
        if action not in moves.words[offered]:
            self._unsaid += 1
            broken_off = self._unsaid >= self.scenario.language.max_length
            observed, info = self._observe(), self._info(np.zeros(len(self._terms)))
            if broken_off:
                self._joint = None
            return observed, 0.0, False, broken_off, info
        slot = int(np.searchsorted(moves.words, action))
        slip = self.scenario.language.slip
        if slip and self.np_random.random() < slip:
            slot = int(self.np_random.choice(offered))
        self._said.append(int(moves.words[slot]))
        following = moves.after(slot)
        ended = (
            bool(moves.stops[slot])
            or len(self._said) == self.scenario.language.max_length
            or self._dynamics.is_dead_end(following)
        )
        number = moves.steps(np.full(len(moves.offered), ended))[slot]
        self._joint = None if ended else following
        reward, shares = float(self._dynamics.rewards[number]), self._dynamics.shares(number[None])[0]
        return self._observe(), reward, ended, False, self._info(shares)

    def action_masks(self) -> NDArray[np.bool_]:
        """(words,) the words that are offered now; under this name trainers that mask actions ask for it."""
        offered = np.zeros(len(self.scenario.language.words), np.bool_)
        if self._joint is not None:
            moves = self._dynamics.moves(self._joint)
            offered[moves.words[moves.offered]] = True
        return offered

    def render(self) -> str | None:
        """The prompt and the text so far, where `render_mode` is "ansi"."""
        if self.render_mode != "ansi":
            gymnasium.logger.warn(tr('render() shows nothing; make the environment with render_mode="ansi"'))
            return None
        prompt = self.scenario.starts[self._prompt].text
        return (f"{prompt} → " if prompt else "") + self.scenario.language.join(self._said)

    def _observe(self) -> Observation:
        language = self.scenario.language
        if self.observation == "index":
            said = self._said[:-1] if self._joint is None else self._said  # a text that has ended is in no state
            return np.int64(self._numbers.of(self._prompt, *_seen(self.scenario, said)))
        hidden, seen = _seen(self.scenario, self._said)
        observed = np.full(language.max_length, PADDING, np.int64)
        end = hidden + len(seen)
        observed[:hidden], observed[hidden:end] = UNSEEN, seen
        if self._joint is not None and len(self.scenario.starts) > 1:
            observed[end] = len(language.words) + self._prompt
        return observed

    def _info(self, shares: NDArray[np.float64]) -> dict[str, Any]:
        return {
            "prompt": self.scenario.starts[self._prompt].text,
            "text": self.scenario.language.join(self._said),
            "action_mask": self.action_masks().astype(np.int8),
            "shares": dict(zip(self._terms, shares.tolist(), strict=True)),
        }


def _from_words(
    words: Sequence[str], max_length: int | None, references: Sequence[str], joiner: str, end_word: str
) -> Scenario:
    if max_length is None:
        raise ScenarioError([tr('max_length: missing; say how many words a text has, beside "words"')])
    return scenarios.from_data(
        {
            "name": joiner.join(words)[:200] or "?",
            "language": {
                "words": list(words),
                "max_length": int(max_length),
                "joiner": joiner,
                "end_word": end_word,
            },
            "prompts": [{"references": list(references)}],
            "rewards": [{"kind": "match" if references else "length"}],  # every length is welcome: that earns nothing
        }
    )


def _names(kinds: Sequence[str]) -> list[str]:
    """A name for each term: its kind, and a number where it is not the first of that kind."""
    return [f"{kind}-{n}" if (n := kinds[: i + 1].count(kind)) > 1 else kind for i, kind in enumerate(kinds)]


def _seen(scenario: Scenario, said: Sequence[int]) -> tuple[int, Sequence[int]]:
    """What an agent with the scenario's context sees: how many words it knows only to be there, and the others."""
    language = scenario.language
    gone = 0 if language.context == "all" else max(0, len(said) - language.context)
    return (gone if language.sees_position else 0), said[gone:]


class _Numbers:
    """Numbers for all states: by prompt, then by length, then by words. The end word is never in a state."""

    def __init__(self, scenario: Scenario) -> None:
        language = scenario.language
        usable = [number for number, word in enumerate(language.words) if word != language.end_word]
        self._digits = {word: digit for digit, word in enumerate(usable)}
        lengths = range(language.max_length if language.sees_position else language.seen_words + 1)
        self._first = [0]
        for length in lengths:
            self._first.append(self._first[-1] + len(usable) ** min(length, language.seen_words))
        self.count = self._first[-1] * len(scenario.starts)

    def of(self, prompt: int, hidden: int, seen: Sequence[int]) -> int:
        """The number of the state that sees these words after as many hidden ones."""
        number = 0
        for word in seen:
            number = number * len(self._digits) + self._digits[word]
        return prompt * self._first[-1] + self._first[hidden + len(seen)] + number
