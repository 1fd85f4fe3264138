"""The window: what is seen of the laboratory, and the few commands that go back to it."""
