"""Measurements: one script a figure, each beside a peer or a limit of the same run."""
