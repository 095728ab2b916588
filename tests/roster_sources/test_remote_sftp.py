"""Rosters that stand on a district's own SFTP site."""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from config.loading import load_profile
from config.writing import set_values
from processors import pipeline
from processors.reporting.json_document import as_json
from roster_sources.asking import PATIENT
from roster_sources.remote_sftp import look
from roster_sources.secrets import NoSecret
from rosterdrop.pulls import Ended, pull_roster
from tests.roster_sources.sites import Site, openssh_site, site
from tests.stories.springfield import NIGHT, Report, Springfield, as_csv, settled_home


@dataclass
class Fetching:
    """A district whose roster is fetched from a site."""

    springfield: Springfield
    site: Site

    def put(self, night: Mapping[str, Any]) -> None:
        """Files of yesterday: what was written lately is waited for."""
        for table, rows in night.items():
            file = self.site.folder / f"{table}.csv"
            file.write_bytes(as_csv(table, rows))
            os.utime(file, (time.time() - 86400,) * 2)

    def set(self, **values: str) -> None:
        set_values(self.springfield.home, "springfield", {f"remote_sftp.{key}": value for key, value in values.items()})

    def pull(self, *, only_new: bool = False) -> Ended:
        return pull_roster(self.springfield.home, "springfield", who="test", only_new=only_new)

    def night(self) -> Report:
        number = self.pull().batch
        assert number is not None
        outcome = pipeline.finish(self.springfield.home, "springfield", number, who="test")
        return Report(json.loads(as_json(outcome.report, masked=False)))


def _fetching(home: Path, place: Site) -> Fetching:
    fetching = Fetching(Springfield(settled_home(home)), place)
    set_values(fetching.springfield.home, "springfield", {"source.kind": "sftp"})
    fetching.set(
        host="127.0.0.1",
        port=str(place.port),
        login=place.login,
        key=f"file:{place.key_file}",
        host_key=place.host_key,
    )
    return fetching


SITES = [site, pytest.param(openssh_site, marks=pytest.mark.system)]


@pytest.fixture(params=SITES)
def fetching(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fetching]:
    opened: AbstractContextManager[Site] = request.param(tmp_path / "site")
    with opened as place:
        yield _fetching(tmp_path / "home", place)


def test_the_files_of_a_site_are_a_night_like_any_other(fetching: Fetching) -> None:
    """connect-behaviour 2.1: where Connect fetches files."""
    fetching.put(NIGHT)

    report = fetching.night()

    assert report.verdict == "accepted"
    assert fetching.springfield.status_of("ana") == "active"
    assert [file["file"] for file in report.document["files"]] == ["users.csv", "classes.csv", "enrollments.csv"]


def test_the_same_files_are_not_taken_twice(fetching: Fetching) -> None:
    fetching.put(NIGHT)
    fetching.night()

    assert fetching.pull(only_new=True).batch is None


def test_a_file_whose_writer_pauses_is_taken_when_it_is_whole(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written on while we wait, for it was written lately."""
    fetching.put(NIGHT)
    fetching.night()
    users, whole = fetching.site.folder / "users.csv", as_csv("users", NIGHT["users"])
    users.write_bytes(whole[: len(whole) // 2])
    now = asyncio.sleep

    async def goes_on(seconds: float) -> None:
        if seconds == 30:
            users.write_bytes(whole)
        await now(0 if seconds == 30 else seconds)

    set_values(fetching.springfield.home, "springfield", {"arrival.quiet_s": "30"})
    monkeypatch.setattr("roster_sources.remote_sftp.asyncio.sleep", goes_on)

    assert "files.unchanged" in fetching.night().codes


def test_what_our_login_may_not_read_is_told_as_that(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    fetching.put(NIGHT)

    async def refuses(*_: object) -> None:
        raise asyncssh.SFTPPermissionDenied("no")

    monkeypatch.setattr(asyncssh.SFTPClient, "listdir", refuses)

    assert fetching.night().codes == {"source.forbidden"}


def test_another_folder_is_another_roster_though_its_files_look_the_same(fetching: Fetching) -> None:
    fetching.put(NIGHT)
    fetching.night()
    other = fetching.site.folder / "other"
    other.mkdir()
    for file in fetching.site.folder.glob("*.csv"):
        shutil.copy2(file, other)
    fetching.set(path="other")

    assert fetching.pull(only_new=True).batch is not None


def test_a_folder_may_be_called_like_a_file_in_it(fetching: Fetching) -> None:
    fetching.put(NIGHT)
    folder = fetching.site.folder / "nightly" / "users.csv"
    folder.mkdir(parents=True)
    for file in fetching.site.folder.glob("*.csv"):
        file.rename(folder / file.name)
    fetching.set(path="nightly/users.csv")

    assert fetching.night().verdict == "accepted"


def test_the_key_of_a_site_is_shown_as_people_compare_it(fetching: Fetching) -> None:
    fetching.set(host_key="")

    told = look(load_profile(fetching.springfield.home, "springfield").remote_sftp, patience=PATIENT)

    assert told["fingerprint"] == asyncssh.import_public_key(fetching.site.host_key).get_fingerprint()
    assert told["fingerprint"].startswith("SHA256:")


def test_a_site_with_another_host_key_is_refused_and_nobody_is_archived(fetching: Fetching) -> None:
    fetching.put(NIGHT)
    fetching.night()
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    fetching.set(host_key=other)

    report = fetching.night()

    assert report.verdict == "refused"
    assert report.codes == {"source.host_key"}
    assert "another key" in report.document["findings"][0]["message"]
    assert fetching.springfield.status_of("ana") == "active"


def test_an_empty_site_is_never_an_empty_school(fetching: Fetching) -> None:
    fetching.put(NIGHT)
    fetching.night()
    for file in fetching.site.folder.iterdir():
        file.unlink()

    report = fetching.night()

    assert (report.verdict, report.codes) == ("refused", {"source.no_files"})
    assert fetching.springfield.status_of("ana") == "active"


def test_a_name_that_leads_out_of_the_folder_is_no_file_of_the_roster(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fetching.site.folder / "roster.zip").write_bytes(b"PK")

    async def listdir(*_: object) -> list[str]:
        return ["../roster.zip"]

    monkeypatch.setattr(asyncssh.SFTPClient, "listdir", listdir)

    assert fetching.night().codes == {"source.no_files"}


def test_a_file_that_is_no_key_is_named(fetching: Fetching, tmp_path: Path) -> None:
    fetching.put(NIGHT)
    wrong = tmp_path / "no_key"
    wrong.write_text("nothing of the kind\n")
    wrong.chmod(0o600)
    fetching.set(key=f"file:{wrong}")

    with pytest.raises(NoSecret, match=r"remote_sftp\.key: it is no private key"):
        fetching.pull()
