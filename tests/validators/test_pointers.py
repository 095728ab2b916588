from typing import Final

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.distinct import all_differ
from validators.pointers import at, places_of

IDS: Final = st.sampled_from(["a", "A", "b", "", "é", "0042", "a-text-longer-than-a-view-holds"])


@settings(deadline=None)
@given(ids=st.lists(IDS | st.none()), keys=st.lists(IDS, unique=True))
def test_a_place_is_where_the_id_stands(ids: list[str | None], keys: list[str]) -> None:
    targets = pl.DataFrame({"key": keys}, schema={"key": pl.String})

    places = places_of(pl.Series(ids, dtype=pl.String), targets)

    assert places.dtype == pl.UInt32
    assert places.to_list() == [keys.index(one) if one in keys else None for one in ids]


def test_a_fact_of_the_target_is_read_by_place() -> None:
    people = pl.DataFrame({"key": ["a", "b"], "kind": ["student", "guardian"]})
    rows = pl.DataFrame({"user_at": [1, None, 0]}, schema={"user_at": pl.UInt32})

    assert rows.select(at(people, "kind", "user_at"))["kind"].to_list() == ["guardian", None, "student"]


@settings(deadline=None)
@given(keys=st.lists(IDS | st.none()))
def test_keys_differ_where_none_is_missing_or_repeated(keys: list[str | None]) -> None:
    assert all_differ(pl.Series(keys, dtype=pl.String)) == (None not in keys and len(set(keys)) == len(keys))
