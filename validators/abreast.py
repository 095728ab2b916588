"""Files side by side: much of the work on one leaves the other core idle."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import polars as pl

Item = TypeVar("Item")
Result = TypeVar("Result")


def abreast(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """What `work` makes of each item, in their order; as many at a time as polars has threads."""
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        yield from threads.map(work, items)
