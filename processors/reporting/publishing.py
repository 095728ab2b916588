"""Reports brought into a batch's folder and into the drop, each file whole at every moment."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import polars as pl

from config.home import Home
from config.tables import TableName
from processors.frozen import link
from processors.reporting.contents import Report, is_foreign, moment
from processors.reporting.csv_files import changes_cells, findings_cells, new_ids_cells, rejected_cells
from processors.reporting.folders import folder_name
from processors.reporting.html_page import as_html
from processors.reporting.json_document import json_parts
from processors.reporting.ordering import findings_in_order
from processors.reporting.placing import Make, files_in, keep_file, make_folder, place, place_folder, write
from processors.reporting.readme import readme
from processors.reporting.receipts import RECEIPTS
from processors.reporting.story import Story, story_of
from processors.reporting.text_page import as_text
from processors.reporting.unjudged import Shortfall, failed_story, incomplete_story
from validators.findings import Finding, as_frame
from validators.judging import unjudged
from validators.tables import Sheet, Table

Sheets = Mapping[TableName, Sheet] | Mapping[str, Sheet]
"""The rows of the files that a report speaks about, by the names of the files without `.csv`."""

_LATEST: Final = ("html", "txt", "json")
_HEAD_LINES: Final = 10
_RECEIVED: Final = ' "received": '


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
    with_values, summary = (partial(_tell, report, tables, masked=masked) for masked in (False, True))
    return _keep_and_deliver(home, report, with_values, summary)


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
    told = partial(_lay_out, report, failed_story(report), findings_in_order(report, masked=True), {}, masked=True)
    return _keep_and_deliver(home, report, told, told)


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
    place_folder(folder, partial(_tell, report, tables, masked=masked))


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
    told = partial(_lay_out, report, story, findings_in_order(report, masked=True), {}, masked=True)
    return _deliver(home, report, "incomplete", told, told)


def _tell(report: Report, tables: Sheets, folder: Path, *, masked: bool) -> None:
    """Write the files of a report into an empty folder."""
    findings = findings_in_order(report, masked=masked)
    story = story_of(report, masked=masked, findings=findings, tables=tables_in(tables))
    _lay_out(report, story, findings, tables, folder, masked=masked)


def _lay_out(
    report: Report, story: Story, findings: pl.DataFrame, tables: Sheets, folder: Path, *, masked: bool
) -> None:
    write(folder / "report.html", as_html(story, report, tables_in(tables)))
    write(folder / "report.txt", as_text(story))
    with (folder / "report.json").open("wb") as file:
        file.writelines(json_parts(report, findings, masked=masked))
    findings_cells(findings).write_csv(folder / "findings.csv")
    if not masked:
        _write_rows(report, tables, folder)


def _write_rows(report: Report, tables: Sheets, folder: Path) -> None:
    """What is values and has no masked form: rejected rows, changes, and IDs that people had and have."""
    for name, table in tables.items():
        if (rows := rejected_cells(report, table)) is not None:
            make_folder(folder / "rejected")
            rows.write_csv(folder / "rejected" / f"{name}.csv")
    if report.differences is not None and not is_foreign(report):
        changes_cells(report.differences).write_csv(folder / "changes.csv")
    if not report.judgement.renumbered.is_empty():
        new_ids_cells(report).write_csv(folder / "new-ids.csv")


def tables_in(sheets: Sheets) -> Mapping[TableName, Table]:
    """Those of the files that are tables of Connect."""
    return {sheet.name: sheet for sheet in sheets.values() if isinstance(sheet, Table)}


def _keep_and_deliver(home: Home, report: Report, with_values: Make, summary: Make) -> Path:
    """Bring a report and its masked twin into the batch's own folder, and from there into the drop.

    A report of many findings has a gigabyte. The drop gets links to it, which is safe because nobody can write to
    them: what a drop shows of reports is read-only, and we replace files as a whole.
    """
    assert report.district is not None
    assert report.number is not None
    batch = home.batch(report.district, report.number)
    kept = place_folder(batch / "report", with_values), place_folder(batch / "summary", summary)
    return _deliver(home, report, f"batch-{report.number}", *(partial(_link_all, folder) for folder in kept))


def _link_all(source: Path, folder: Path) -> None:
    for name in files_in(source):
        make_folder((folder / name).parent)
        link(source / name, folder / name)


def _deliver(home: Home, report: Report, what: str, with_values: Make, summary: Make) -> Path:
    """Bring a report and its masked twin into the drop; returns the folder with values."""
    assert report.district is not None
    assert report.received is not None
    name = folder_name(report.received, report.time_zone, what)
    for reports, fill, masked in (
        (home.summaries(report.district, test=report.test), summary, True),
        (home.reports(report.district, test=report.test), with_values, False),
    ):
        folder = place_folder(reports / name, fill)
        make_folder(reports / RECEIPTS)
        keep_file(reports / "README.txt", readme(masked=masked, test=report.test, language=report.language))
        _make_latest(reports, folder, report.received)
    return folder


def _make_latest(reports: Path, folder: Path, received: datetime) -> None:
    """Let `latest` be this report, unless a newer one is there: reports are also rebuilt after a crash."""
    if _latest(reports) <= moment(received):
        for ending in _LATEST:
            place(reports / f"latest.{ending}", partial(link, folder / f"report.{ending}"))


def _latest(reports: Path) -> str:
    """When the latest report's files were received, as it says itself; empty where there is none to be read.

    It stands on one of the first lines; the rest may be a gigabyte.
    """
    try:
        with (reports / "latest.json").open(encoding="utf-8") as file:
            told = [line for line in islice(file, _HEAD_LINES) if line.startswith(_RECEIVED)]
        return str(json.loads(told[0].removeprefix(_RECEIVED).rstrip(",\n")))
    except (OSError, ValueError, IndexError):
        return ""
