"""The rule catalogue: every code with its level, effect, source, examples and texts."""
