"""Reports of every kind, each made by the command line from a generated district's files."""

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import polars as pl

from config.home import Home
from processors.reporting.html_page import as_html
from processors.reporting.publishing import publish_failed, publish_incomplete
from processors.reporting.story import story_of
from processors.reporting.unjudged import Shortfall, UnfinishedUpload
from tests.processors.reporting_samples import facts, judgement, report
from tests.rosterdrop.command_line import rosterdrop
from validators.findings import Finding

NAME: Final = "Springfield Unified"
ZONE: Final = "America/Chicago"
HOSTILE: Final = (
    '"><script>alert(1)</script><img src=http://x.example/>\x1b[2J\u202egpj.\u2066 \u0645\u0631\u064a\u0645 '
)


class District:
    """A district in a home of its own, with two generated nights: a good one and one of all faults."""

    def __init__(self, folder: Path, *, students: int = 400) -> None:
        self.folder = folder
        self.home = folder / "home"
        asked = ("--students", str(students), "--nights", "2", "--faults", "all")
        made = rosterdrop("--json", "generate", folder / "week", *asked).document
        rosterdrop("init", self.home)
        schools = [f"--school={key}={name}" for key, name in made["schools"].items()]
        rosterdrop("district", "add", "springfield", "--name", NAME, "--time-zone", ZONE, *schools, home=self.home)

    def night(self, number: int) -> Path:
        return self.folder / "week" / f"night-{number}"

    def takes(self, files: Path, verdict: str) -> Path:
        """Judge and apply files; returns the folder of the report with values."""
        told = rosterdrop("--json", "batch", "upload", "springfield", files, "--wait", home=self.home).document
        assert told["verdict"] == verdict, told["verdict"]
        return next((self.home / "drops" / "springfield" / "reports").glob(f"*-batch-{told['batch']}"))

    def copied(self, **tables: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
        """The good night again, with some of its tables changed."""
        folder = Path(mkdtemp(dir=self.folder))
        for path in self.night(1).iterdir():
            rows = pl.read_csv(path, infer_schema=False)
            change = tables.get(path.stem)
            (change(rows) if change else rows).write_csv(folder / path.name)
        return folder


def pages_in(folder: Path) -> Mapping[str, Path]:
    """A report.html of every kind by name."""
    district = District(folder)
    every = {"accepted": district.takes(district.night(1), "accepted")}
    every["held"] = district.takes(district.copied(users=_with_strange_roles), "held")
    every["withheld"] = district.takes(district.copied(users=_without_most_students), "withheld")
    every["refused"] = district.takes(district.copied(users=lambda rows: rows.clear()), "refused")
    every["bad night"] = district.takes(district.night(2), "accepted_with_rejections")
    every["masked"] = Home(district.home).summaries("springfield") / every["bad night"].name
    every["checked"] = folder / "checked"
    rosterdrop("check", district.night(2), "--out", every["checked"])
    every["oneroster"] = folder / "oneroster"
    rosterdrop("check", district.night(2), "--rules", "oneroster", "--out", every["oneroster"])
    every["Spanish"] = folder / "spanish"
    asked = ("--against", "springfield", "--language", "es", "--show-values", "--out", every["Spanish"])
    rosterdrop("check", district.night(2), *asked, home=district.home)
    every["incomplete"] = _incomplete(Home(district.home))
    every["failed"] = _failed(Home(district.home))
    kept = {
        name: shutil.copy(path / "report.html", folder / f"{name.replace(' ', '-')}.html")
        for name, path in every.items()
    }
    kept["hostile"] = _hostile(folder / "hostile.html")
    return {name: Path(path) for name, path in kept.items()}


KINDS: Final = (
    "accepted", "bad night", "withheld", "held", "refused", "masked", "checked", "oneroster", "Spanish", "incomplete",
    "failed", "hostile",
)  # fmt: skip


def _with_strange_roles(users: pl.DataFrame) -> pl.DataFrame:
    """More than a fifth of the rows cannot be used: on hold."""
    return users.with_columns(role=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("pupil")).otherwise("role"))


def _without_most_students(users: pl.DataFrame) -> pl.DataFrame:
    """A night whose users.csv lost students: removals are held back."""
    lost = (pl.col("role") == "student") & (pl.int_range(pl.len()) % 7 == 0)
    return users.filter(~lost)


def _incomplete(home: Home) -> Path:
    shortfall = Shortfall(
        present=["users.csv"],
        missing=["classes.csv", "enrollments.csv"],
        uploads=[UnfinishedUpload(file="classes.csv", size=4_096, state="broken off")],
    )
    at = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    return publish_incomplete(
        home, shortfall, district="springfield", district_name=NAME, time_zone=ZONE, at=at, language="en"
    )


def _failed(home: Home) -> Path:
    at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    return publish_failed(
        home,
        district="springfield",
        district_name=NAME,
        time_zone=ZONE,
        number=99,
        received=at,
        test=False,
        language="en",
    )


def _hostile(path: Path) -> Path:
    """Values that want to be markup, to turn text around, or to burst the page."""
    values = [HOSTILE, "x" * 5_000, "\u202e" * 50, "=cmd|' /C calc'!A0", *(f"{HOSTILE}{n}" for n in range(2_000))]
    found = [
        Finding(code="user.role.unknown", file="users.csv", line=line, column="role", value=value)
        for line, value in enumerate(values, start=2)
    ]
    found += [Finding(code="file.unexpected", file=f"{HOSTILE}{number}.csv") for number in range(3)]
    made = report(
        judgement(files=[facts("users.csv", 9_000)], findings=found), district_name=HOSTILE, verdict="accepted"
    )
    path.write_text(as_html(story_of(made, masked=False), made, {}), "utf-8")
    return path
