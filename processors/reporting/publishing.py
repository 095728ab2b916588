"""Reports brought into a batch's folder and into the drop, each file whole at every moment."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from config.home import Home
from config.tables import TableName
from processors.reporting.contents import Report, folder_name, moment
from processors.reporting.csv_files import findings_csv, new_ids_csv, rejected_csv
from processors.reporting.html_page import as_html
from processors.reporting.json_document import as_json
from processors.reporting.ordering import findings_in_order
from processors.reporting.placing import make_folder, place_file, place_folder
from processors.reporting.readme import readme
from processors.reporting.receipts import RECEIPTS
from processors.reporting.story import Story, story_of
from processors.reporting.text_page import as_text
from processors.reporting.unjudged import Shortfall, failed_story, incomplete_story, unjudged
from validators.findings import Finding, as_frame
from validators.tables import Sheet, Table

Files = Mapping[str, bytes]
Sheets = Mapping[TableName, Sheet] | Mapping[str, Sheet]
"""The rows of the files that a report speaks about, by the names of the files without `.csv`."""

_LATEST: Final = ("html", "txt", "json")


def publish(home: Home, report: Report, tables: Mapping[TableName, Table]) -> Path:
    """Write a batch's report, with values and masked, into its own folder and then into the drop.

    May be repeated after a crash: it ends in the same files. `latest` never goes back to an older batch.

    Args:
        home: the installation.
        report: of a batch, so with district, number and moment.
        tables: the tables as they were read, for the rejected rows.

    Returns: the folder in the drop with the values.
    """
    assert report.district is not None
    assert report.number is not None
    assert report.received is not None
    with_values = _files(report, tables, masked=False)
    summary = _files(report, tables, masked=True)
    _keep(home.batch(report.district, report.number), with_values, summary)
    return _deliver(home, report, f"batch-{report.number}", with_values, summary)


def publish_failed(
    home: Home,
    *,
    district: str,
    district_name: str,
    time_zone: str,
    number: int,
    received: datetime,
    test: bool,
    language: str,
) -> Path:
    """Tell that a batch could not be worked on by a fault of ours, after the last try.

    It reads nothing of the batch's files, since that may be what fails. Run again as it is, the batch tells the same.

    Args:
        home: the installation.
        district: id of the district.
        district_name: as people call it.
        time_zone: IANA name.
        number: of the batch.
        received: when the batch was frozen, aware.
        test: whether it came through `test/`.
        language: of the report.

    Returns: the folder in the drop.
    """
    report = Report(
        verdict="refused",
        language=language,
        judgement=unjudged(as_frame([Finding(code="batch.failed")])),
        district=district,
        district_name=district_name,
        time_zone=time_zone,
        number=number,
        received=received,
        test=test,
    )
    files = _laid_out(report, failed_story(report), findings_in_order(report, masked=True), {}, masked=True)
    _keep(home.batch(district, number), files, files)
    return _deliver(home, report, f"batch-{number}", files, files)


class FolderInUse(Exception):
    """A report is to be written where other files are."""

    exit_code = 2


def write_report(folder: Path, report: Report, tables: Sheets, *, masked: bool) -> None:
    """Write a report on files that were only checked into a folder of its own, away from any drop.

    Raises:
        FolderInUse: something is there already, which an old report's rows could be taken for.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FolderInUse(f"{folder} is not an empty folder; name a new one for the report")
    place_folder(folder, _files(report, tables, masked=masked))


def publish_incomplete(
    home: Home,
    shortfall: Shortfall,
    *,
    district: str,
    district_name: str,
    time_zone: str,
    at: datetime,
    language: str,
    test: bool = False,
) -> Path:
    """Tell why a set cannot be taken (INTERFACES, "What a batch is made of").

    Args:
        home: the installation.
        shortfall: what lacks.
        district: id of the district.
        district_name: as people call it.
        time_zone: IANA name.
        at: the moment, aware.
        language: of the report.
        test: whether the set is that of `test/`.

    Returns: the folder in the drop.
    """
    report = Report(
        verdict="refused",
        language=language,
        judgement=unjudged(as_frame(shortfall.as_findings())),
        district=district,
        district_name=district_name,
        time_zone=time_zone,
        received=at,
        test=test,
    )
    story = replace(
        incomplete_story(report, shortfall),
        folder=folder_name(at, time_zone, "incomplete"),
    )
    files = _laid_out(report, story, findings_in_order(report, masked=True), {}, masked=True)
    return _deliver(home, report, "incomplete", files, files)


def _files(report: Report, tables: Sheets, *, masked: bool) -> Files:
    """The files of a report by their path in its folder; rejected rows are values and have no masked form."""
    findings = findings_in_order(report, masked=masked)
    story = story_of(report, masked=masked, findings=findings, tables=tables_in(tables))
    return _laid_out(report, story, findings, tables, masked=masked)


def _laid_out(report: Report, story: Story, findings: pl.DataFrame, tables: Sheets, *, masked: bool) -> Files:
    files = {
        "report.html": as_html(story, report, tables_in(tables)),
        "report.txt": as_text(story),
        "report.json": as_json(report, masked=masked, findings=findings),
        "findings.csv": findings_csv(findings),
    }
    every = files if masked else files | _rejected(report, tables) | _new_ids(report)
    return {name: text.encode() for name, text in every.items()}


def tables_in(sheets: Sheets) -> Mapping[TableName, Table]:
    """Those of the files that are tables of Connect."""
    return {sheet.name: sheet for sheet in sheets.values() if isinstance(sheet, Table)}


def _rejected(report: Report, tables: Sheets) -> dict[str, str]:
    texts = {f"rejected/{name}.csv": rejected_csv(report, table) for name, table in tables.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _new_ids(report: Report) -> dict[str, str]:
    """The IDs that people probably had and have, for a person to confirm; there only where some have changed."""
    return {} if report.judgement.renumbered.is_empty() else {"new-ids.csv": new_ids_csv(report)}


def _keep(batch: Path, with_values: Files, summary: Files) -> None:
    """Bring a report and its masked twin into the batch's own folder."""
    place_folder(batch / "report", with_values)
    place_folder(batch / "summary", summary)


def _deliver(home: Home, report: Report, what: str, with_values: Files, summary: Files) -> Path:
    """Bring a report and its masked twin into the drop; returns the folder with values."""
    assert report.district is not None
    assert report.received is not None
    name = folder_name(report.received, report.time_zone, what)
    for reports, files, masked in (
        (home.summaries(report.district, test=report.test), summary, True),
        (home.reports(report.district, test=report.test), with_values, False),
    ):
        folder = place_folder(reports / name, files)
        make_folder(reports / RECEIPTS)
        place_file(reports / "README.txt", readme(masked=masked, test=report.test, language=report.language))
        _make_latest(reports, files, report.received)
    return folder


def _make_latest(reports: Path, files: Files, received: datetime) -> None:
    """Let `latest` be this report, unless a newer one is there: reports are also rebuilt after a crash."""
    if _latest(reports) <= moment(received):
        for ending in _LATEST:
            place_file(reports / f"latest.{ending}", files[f"report.{ending}"])


def _latest(reports: Path) -> str:
    """When the latest report's files were received, as it says itself; empty where there is none to be read."""
    try:
        return str(json.loads((reports / "latest.json").read_text("utf-8"))["received"])
    except (OSError, ValueError, KeyError):
        return ""
