"""Rosters that we fetch: each pull ends as OneRoster files, so that a batch of them is like any other."""
