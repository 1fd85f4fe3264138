"""LangRL Studio: watch an agent learn to speak by tabular Q-learning."""

from langrl_gui.registration import register_with_gymnasium

__version__ = "0.1.0"

register_with_gymnasium()
