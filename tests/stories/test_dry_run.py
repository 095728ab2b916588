"""The exact list of what a night changes: before it is applied, in `test/`, and as it then is."""

import csv
from pathlib import Path

import polars as pl
import pytest

from config.loading import load_profile
from connect_store.store import open_store
from connect_store.undo_record import differences
from processors import deliveries, pipeline
from processors.checking import check_against
from processors.differing import differences_in
from tests.rosterdrop.command_line import rosterdrop
from tests.stories.springfield import ANA, BEN, GIL, MATH, MEMBERS, NIGHT, TOM, Springfield, as_csv

EVE = {**BEN, "sourcedId": "eve", "givenName": "=1+1"}
NEXT = {
    "users": ({**ANA, "grades": "06", "agentSourcedIds": ""}, EVE, TOM),
    "classes": (MATH,),
    "enrollments": (*MEMBERS[:1], MEMBERS[2], {**MEMBERS[1], "userSourcedId": "eve"}),
}


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    springfield_at_rest.settles(guard__limit_percent="100")
    springfield_at_rest.uploads_by_hand(**NIGHT)
    return springfield_at_rest


def files_in(folder: Path) -> list[Path]:
    folder.mkdir()
    for table, rows in NEXT.items():
        (folder / f"{table}.csv").write_bytes(as_csv(table, rows))
    return [folder]


def foreseen(springfield: Springfield, folder: Path) -> pl.DataFrame:
    profile = load_profile(springfield.home, "springfield")
    told = check_against(springfield.home, profile, deliveries.files_at(files_in(folder))).report.differences
    assert told is not None
    return told


def made(springfield: Springfield, number: int) -> pl.DataFrame:
    with open_store(springfield.home.store_db) as store:
        return differences_in(differences(store, "springfield", number - 1, number))


def changes_in(folder: Path) -> list[dict[str, str]]:
    with (folder / "changes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("engine")
def test_what_is_foreseen_is_what_the_night_then_does(springfield: Springfield, tmp_path: Path) -> None:
    before = springfield.connect_rows()
    told = foreseen(springfield, tmp_path / "next")
    assert springfield.connect_rows() == before

    number = springfield.uploads_by_hand(**NEXT).number

    assert told.equals(made(springfield, number))
    assert {
        ("student", "ana", "updated", "grades", "05", "06"),
        ("student", "ben", "archived", "status", "active", "archived"),
        ("student", "eve", "created", None, None, None),
        ("membership", "math/eve", "created", None, None, None),
        ("guardianship", "ana/gil", "ended", "status", "active", "ended"),
        ("guardian", GIL["sourcedId"], "disconnected", "status", "active", "disconnected"),
    } <= set(told.iter_rows())


def test_what_comes_through_test_is_listed_and_not_applied(springfield: Springfield) -> None:
    before = springfield.connect_rows()
    tried = springfield.leaves_waiting(NEXT, test=True)
    pipeline.finish(springfield.home, "springfield", tried, who="a story")
    assert springfield.connect_rows() == before
    (dry,) = springfield.home.reports("springfield", test=True).glob(f"*-batch-{tried}")

    number = springfield.uploads_by_hand(**NEXT).number
    (real,) = springfield.home.reports("springfield").glob(f"*-batch-{number}")

    assert changes_in(dry) == changes_in(real)
    assert not list(springfield.home.summaries("springfield").glob("*/changes.csv"))


def test_the_command_writes_the_list(springfield: Springfield, tmp_path: Path) -> None:
    (folder,) = files_in(tmp_path / "next")
    words = ("check", folder, "--against", "springfield", "--show-values", "--out", tmp_path / "told")
    rosterdrop(*words, home=springfield.home.root)
    told = changes_in(tmp_path / "told")
    assert {"type": "student", "key": "eve", "action": "created", "field": "", "before": "", "after": ""} in told
