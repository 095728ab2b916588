"""What is told of a night by the batches before it, in values alone."""

from datetime import date

from validators.nights import Earlier, last_rejecting, repetition, usual

TONIGHT = frozenset({("users.csv", "a")})
OTHER = frozenset({("users.csv", "b")})


def earlier(number: int, **facts: object) -> Earlier:
    return Earlier(**{"number": number, "day": date(2026, 11, number), "contents": TONIGHT, **facts})  # type: ignore[arg-type] # facts of any kind


def test_the_same_files_are_counted_by_days_in_a_row() -> None:
    before = [earlier(25), earlier(24, is_again=True, contents=OTHER), earlier(23), earlier(22, contents=OTHER)]
    assert repetition(TONIGHT, date(2026, 11, 25), [*before, earlier(21)]) == (25, 2)
    assert repetition(OTHER, date(2026, 11, 25), before) == (None, 0)


def test_one_odd_night_does_not_say_what_is_usual() -> None:
    assert usual([{"users.csv": 60}, {"users.csv": 62, "classes.csv": 7}, {"users.csv": 61}]) == {"users.csv": (60, 62)}


def test_repaired_rows_are_those_of_the_last_batch_however_many_were_refused_since() -> None:
    rejecting = earlier(1, rejected_some=True)
    unmarked = earlier(2, rejected_some=True, is_refused=True, is_unmarked=True)
    refused = [earlier(number, is_refused=True) for number in range(28, 2, -1)]
    assert last_rejecting([*refused, unmarked, rejecting]) == 1
    assert last_rejecting([earlier(2), rejecting]) is None
