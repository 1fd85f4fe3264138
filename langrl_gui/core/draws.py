"""Luck: every random draw is a pure function of (seed, stream, episode, position). There is no generator to save.

Plain Python integers, to be read; `kernels.random` compiles the same arithmetic. The mixer is splitmix64's (Steele,
Lea, Flood 2014), ranges are taken by multiply-high (Lemire 2019).
"""

import math
from typing import Final

MASK: Final = 2**64 - 1
EPISODE: Final = 0x9E3779B97F4A7C15
"""Added per episode: 2^64 divided by the golden ratio, the increment of splitmix64."""
POSITION: Final = 0xD1342543DE82EF95
"""Added per position: another odd constant with a good spectrum (Steele, Vigna 2021), so that both never coincide."""
FIRST: Final = 0xBF58476D1CE4E5B9
SECOND: Final = 0x94D049BB133111EB
"""The two multipliers of the mixer."""
STREAM: Final = 0xDA942042E4DD58B5
"""Added per stream."""

# The streams, numbered for ever: a number that has been used in a released version never changes its meaning.
EXPLORE: Final = 0
"""Whether this step explores."""
SLOT: Final = 1
"""Which slot an exploring step takes."""
PROMPT: Final = 2
"""Which prompt an episode begins with."""
SLIP: Final = 3
"""Whether this step emits another word than the chosen one."""
SLIPPED: Final = 4
"""Which of the offered words a slip emits."""
OUTCOME: Final = 5
"""Which of the outcomes of an action comes about."""
SAY: Final = 6
"""Whether a word of an answer that somebody asked for explores; `seed` is then the answer's, the episode 0."""
SAY_SLOT: Final = 7
"""Which slot an exploring word of an answer takes."""
ENVIRONMENT: Final = 8
"""What an episode of an environment without a table is begun with."""
REHEARSAL: Final = 9
"""What one that is played beside a run is begun with."""


def mix(value: int) -> int:
    """The finaliser of splitmix64: 64 bits in, 64 well-mixed bits out."""
    value &= MASK
    value = ((value ^ (value >> 30)) * FIRST) & MASK
    value = ((value ^ (value >> 27)) * SECOND) & MASK
    return value ^ (value >> 31)


def key(seed: int, stream: int) -> int:
    """What all draws of one stream of one seed have in common."""
    return mix(mix(seed) + stream * STREAM)


def draw(key: int, episode: int, position: int) -> int:
    """64 random bits for this position of this episode."""
    return mix(mix(key + episode * EPISODE) + position * POSITION)


def below(bits: int, count: int) -> int:
    """A number from 0 to count - 1, for count below 2^32; its bias is less than count / 2^32."""
    return ((bits >> 32) * count) >> 32


def threshold(probability: float) -> int:
    """The number t for which `bits >> 11 < t` holds with this probability, to 53 bits."""
    return math.ceil(probability * 2**53)
