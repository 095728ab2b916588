"""Doors of rooms that are slow to enter: what a room exports is imported when somebody asks for it by name.

A command that needs one name of a room must not wait for the libraries behind all the others (PEP 562).
"""

from collections.abc import Callable, Mapping
from importlib import import_module


def door(room: str, exports: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a room.

    Args:
        room: the name of the package.
        exports: its modules, each with the names that the room exports from it.
    """
    places = {name: module for module, names in exports.items() for name in names.split()}

    def exported(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(import_module(f"{room}.{places[name]}"), name)

    return exported
