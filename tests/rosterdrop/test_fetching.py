"""How many rosters are fetched at once."""

from datetime import timedelta

from rosterdrop.fetching import has_room

A_MOMENT, LONG = timedelta(minutes=1), timedelta(minutes=40)


def test_two_are_fetched_at_once() -> None:
    assert has_room([A_MOMENT])
    assert not has_room([A_MOMENT, A_MOMENT])


def test_slow_sources_make_no_other_district_wait() -> None:
    assert has_room([LONG, LONG, A_MOMENT])


def test_however_slow_they_are_the_machine_has_an_end() -> None:
    assert not has_room([LONG] * 8)
