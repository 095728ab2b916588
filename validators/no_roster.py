"""Findings of files that are no roster of the district."""

from typing import Final

OTHER_DISTRICT: Final = "set.other_district"
"""The finding after which not one row, value or ID of the files may be written (DESIGN, rules that hold everywhere)."""

UNMARKED: Final = frozenset({"repair.marks_missing", "repair.no_whole_file"})
"""Findings of repaired rows that lost what tells them from a whole file."""

NO_ROSTER: Final = UNMARKED | {OTHER_DISTRICT}
"""Findings of files that are no roster of the district: later batches neither carry nor repair them."""
