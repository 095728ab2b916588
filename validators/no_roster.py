"""Findings of files that are no roster of the district."""

from typing import Final

OTHER_DISTRICT: Final = "set.other_district"
"""The finding after which not one row, value or ID of the files may be written (DESIGN, rules that hold everywhere)."""

UNMARKED: Final = frozenset({"repair.marks_missing", "repair.no_whole_file"})
"""Findings of repaired rows that lost what tells them from a whole file."""

NOTHING_PULLED: Final = frozenset(
    f"source.{why}"
    for why in (
        *("access", "login", "secret", "host_key", "other_district", "elsewhere", "not_found"),
        *("unreachable", "busy", "unusable", "endless", "changed"),
        *("nothing_shared", "emptied", "halved", "half_shared", "stale", "no_files", "forbidden", "fault"),
    )
)
"""Findings of a pull that brought no files."""

NO_ROSTER: Final = UNMARKED | NOTHING_PULLED | {OTHER_DISTRICT}
"""Findings of files that are no roster of the district: later batches neither carry nor repair them."""
