"""The rule catalogue: every code with its level, effect, source, examples and texts."""

from typing import TYPE_CHECKING

from config.doors import door

if TYPE_CHECKING:
    from validators.catalogue.entries import Entry, codes, entry, groups, of_level, rejecting, shown
    from validators.catalogue.texts import described, fix, message
else:
    __getattr__ = door(
        __name__,
        {
            "entries": "Entry codes entry groups of_level rejecting shown",
            "texts": "described fix message",
        },
    )

__all__ = ["Entry", "codes", "described", "entry", "fix", "groups", "message", "of_level", "rejecting", "shown"]
