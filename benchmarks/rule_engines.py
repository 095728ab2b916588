"""The rules of users.csv by our engine and by its peers, on one table in memory, as the same expressions.

What a peer does not tell of a broken row stands beside its figure. Peers are installed by whoever wants to compare:
pip install dataframely "pandera[polars]" pointblank. One that is not there is left out. frictionless needs an
environment of its own, for it brings a package that is called `validators` too and hides ours.
"""

import importlib.util
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl

from validators.alone import rules_of
from validators.rules import Rule, violations

PAIRS: Final = 5
Check = Callable[[], object]


def ours(rows: pl.DataFrame, rules: Sequence[Rule]) -> Check:
    """Every broken rule with its line."""
    return lambda: violations(rows, rules)


def dataframely(rows: pl.DataFrame, rules: Sequence[Rule]) -> Check:
    """Good rows and, for the others, which rules they break."""
    dy: Any = __import__("dataframely")
    columns = {name: dy.Any() for name in rows.columns}
    checks = {f"rule_{place}": dy.rule()(_returning(rule)) for place, rule in enumerate(rules)}
    schema = type("Users", (dy.Schema,), {**columns, **checks})

    def check() -> object:
        result = schema.filter(rows)  # type: ignore[attr-defined] # made a line above
        return result[1].counts()

    return check


def _returning(rule: Rule) -> Callable[[object], pl.Expr]:
    return lambda _: rule.holds.fill_null(value=True)


def pandera(rows: pl.DataFrame, rules: Sequence[Rule]) -> Check:
    """All failures together, each with its row."""
    pa: Any = importlib.import_module("pandera.polars")
    checks = [
        pa.Check(lambda data, holds=rule.holds: data.lazyframe.select(holds.fill_null(value=True))) for rule in rules
    ]
    schema = pa.DataFrameSchema(checks=checks)

    def check() -> object:
        try:
            return schema.validate(rows, lazy=True)
        except pa.errors.SchemaErrors as errors:
            return errors.failure_cases

    return check


def pointblank(rows: pl.DataFrame, rules: Sequence[Rule]) -> Check:
    """Failures counted by rule, and the rows of each as an extract."""
    pb: Any = importlib.import_module("pointblank")

    def check() -> object:
        plan = pb.Validate(rows)
        for rule in rules:
            plan = plan.col_vals_expr(rule.holds.fill_null(value=True))
        return plan.interrogate()

    return check


PEERS: Final[dict[str, tuple[Callable[[pl.DataFrame, Sequence[Rule]], Check], str]]] = {
    "dataframely": (dataframely, "tells no line, value or hint"),
    "pandera": (pandera, "tells no hint, and no row it may keep"),
    "pointblank": (pointblank, "tells no line beside the whole row, and no hint"),
}


def compare(rows: pl.DataFrame) -> list[str]:
    """A line for each peer that is here: median of pairs, above 1 where ours takes less time."""
    rules = [rule for rule in rules_of("users") if rule.column]
    lines = []
    for name, (build, lacks) in PEERS.items():
        if importlib.util.find_spec(name) is None:
            lines.append(f"{name:12} is not installed")
            continue
        own, other = ours(rows, rules), build(rows, rules)
        own(), other()  # the first one warms both up
        ratios = sorted(_seconds(other) / _seconds(own) for _ in range(PAIRS))
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        lines.append(f"{name:12} ratio {statistics.median(ratios):5.2f} ({spread}), {len(rules)} rules; {lacks}")
    return lines


def _seconds(work: Check) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s
