"""LangRL Studio: watch an agent learn to speak by tabular Q-learning."""

__version__ = "0.1.0"
