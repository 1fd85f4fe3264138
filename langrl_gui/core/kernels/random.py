"""The draws of `core.draws`, compiled. The same arithmetic on unsigned 64-bit numbers, which wrap by themselves."""

import numpy as np
from numba import njit

from langrl_gui.core import draws

_EPISODE, _POSITION = np.uint64(draws.EPISODE), np.uint64(draws.POSITION)
_FIRST, _SECOND = np.uint64(draws.FIRST), np.uint64(draws.SECOND)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)


@njit
def mix(value):
    """See draws.mix."""
    value = (value ^ (value >> _30)) * _FIRST
    value = (value ^ (value >> _27)) * _SECOND
    return value ^ (value >> _31)


@njit
def of_episode(key, episode):
    """What all draws of one stream have in common within one episode."""
    return mix(key + episode * _EPISODE)


@njit
def at_position(episode_key, position):
    """64 random bits for this position of that episode."""
    return mix(episode_key + position * _POSITION)


@njit
def below(bits, count):
    """See draws.below."""
    return ((bits >> _32) * count) >> _32
