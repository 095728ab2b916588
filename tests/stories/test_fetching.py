"""A roster that the service fetches by the clock from a district's own SFTP site."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.loading import load_profile
from config.writing import set_values
from connect_store.pulls import PullNote, last_pulls, note_pull
from connect_store.store import open_store
from roster_sources.facts import Facts
from tests.roster_sources.sites import Site, site
from tests.stories.springfield import NIGHT, PATIENCE_S, Running, Springfield, as_csv, settled_home


def _fetched_from(place: Site, home: Path) -> Springfield:
    """A district that was pulled by hand yesterday and is due since a moment ago."""
    district = Springfield(settled_home(home))
    zone = load_profile(district.home, "springfield").time_zone
    start = datetime.now(UTC).astimezone(zone) - timedelta(minutes=20)
    set_values(
        district.home,
        "springfield",
        {
            "source.kind": "sftp",
            "sync.start_time": f"{start:%H:%M}",
            "remote_sftp.host": "127.0.0.1",
            "remote_sftp.port": str(place.port),
            "remote_sftp.login": place.login,
            "remote_sftp.key": f"file:{place.key_file}",
            "remote_sftp.host_key": place.host_key,
        },
    )
    a_day_ago = datetime.now(UTC) - timedelta(days=1)
    yesterday = PullNote(at=a_day_ago, who="somebody", outcome="taken", facts=Facts(kind="sftp").as_document())
    with open_store(district.home.store_db) as store, store.writing():
        note_pull(store, "springfield", yesterday)
    return district


def _eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "it did not come to it"
        time.sleep(0.1)


def test_the_service_fetches_applies_and_reports_without_anybody(tmp_path: Path) -> None:
    with site(tmp_path / "site") as place:
        for table, rows in NIGHT.items():
            (place.folder / f"{table}.csv").write_bytes(as_csv(table, rows))
        district = _fetched_from(place, tmp_path / "home")
        with Running(district.home):
            _eventually(lambda: district.status_of("ana") == "active")
            latest = district.home.reports("springfield") / "latest.json"
            _eventually(latest.is_file)

    assert json.loads(latest.read_text())["verdict"] == "accepted"
    with open_store(district.home.store_db) as store:
        assert [pull.outcome for pull in last_pulls(store, "springfield")] == ["taken", "taken"]


def test_a_site_that_is_away_leaves_a_report_and_everybody_where_they_are(tmp_path: Path) -> None:
    with site(tmp_path / "site") as place:
        district = _fetched_from(place, tmp_path / "home")
    with Running(district.home):
        latest = district.home.reports("springfield") / "latest.json"
        _eventually(latest.is_file)

    report = json.loads(latest.read_text())
    assert report["verdict"] == "refused"
    assert [finding["code"] for finding in report["findings"]] == ["source.unreachable"]
