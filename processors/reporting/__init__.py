"""The report of a batch: one value, and the files that a drop gets from it."""
