"""Loaded by Python itself in a service that a story wants to see die: SIGKILL at one step of one function.

`DIE_AT=processors.pipeline:judge_set:after` kills the whole process group, as a power cut would.
"""

import importlib.abc
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def die() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def wrapped(function: Callable[..., Any], when: str) -> Callable[..., Any]:
    def until_death(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            die()
        result = function(*args, **kwargs)
        die()
        return result

    return until_death


class Finder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, function: str, when: str) -> None:
        self.module, self.function, self.when = module, function, when

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - Python's signature
        target: ModuleType | None = None,  # noqa: ARG002 - Python's signature
    ) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        assert spec
        assert spec.loader
        load = spec.loader.exec_module

        def load_and_wrap(module: ModuleType) -> None:
            load(module)
            setattr(module, self.function, wrapped(getattr(module, self.function), self.when))

        spec.loader.exec_module = load_and_wrap  # type: ignore[method-assign]  # this one spec of this one process
        return spec


if place := os.environ.get("DIE_AT"):
    sys.meta_path.insert(0, Finder(*place.split(":")))
