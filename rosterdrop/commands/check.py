"""`rosterdrop check`: judge files offline, with the engine of the service."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from config.languages import LANGUAGES
from config.loading import load_profile, read_profile
from config.oneroster import VERSIONS
from rosterdrop.console import Console

if TYPE_CHECKING:
    from processors.reporting.contents import Report
    from processors.reporting.publishing import Sheets

    Judged = tuple[Report, Sheets]

Rules = Literal["connect", "oneroster"]

_READING: Final = "Reading"
_ABOUT_THE_VERDICT: Final = ("repair.checked", "profile.assumed")


@click.command(
    epilog="""\b
Examples:
  rosterdrop check export/
  rosterdrop check night.zip
  rosterdrop check users.csv classes.csv enrollments.csv --profile springfield.toml --show-values
  rosterdrop --home home check night2/ --against springfield
  rosterdrop check export.zip --rules oneroster
  rosterdrop check export/ --rules oneroster --version 1.2 --out report/

\b
Rule sets:
  connect    what the service uses: may these files be applied, and what of them
  oneroster  conformance: do these files keep the specification of OneRoster CSV

\b
With --json: the document that `rosterdrop rules --schema report` describes; every finding is listed."""
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--rules",
    type=click.Choice(("connect", "oneroster")),
    default="connect",
    show_default=True,
    help="The rule set to judge by.",
)
@click.option(
    "--version",
    type=click.Choice(("auto", *VERSIONS)),
    default="auto",
    show_default=True,
    help="The version of OneRoster, with --rules oneroster.",
)
@click.option("--profile", "profile_file", type=click.Path(path_type=Path), help="A district's profile to judge by.")
@click.option("--against", help="A district of the home: also say what would change in its roster.")
@click.option("--show-values", is_flag=True, help="Show the values of your own files; otherwise kind and length.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the report; the profile's where it is not given.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the whole report into this folder.")
@click.pass_obj
def check(  # noqa: PLR0913  # each is an option of the command
    console: Console,
    paths: tuple[Path, ...],
    rules: Rules,
    version: str,
    profile_file: Path | None,
    against: str | None,
    language: str | None,
    out: Path | None,
    *,
    show_values: bool,
) -> int:
    """Judge a folder, a ZIP or single files as the service would; nothing is applied.

    Repaired rows of a rejected/ folder are judged by themselves; with --against, in the files of their batch.

    Without a profile the schools that are found count, and the report says so. With --rules oneroster the files are
    judged by the specification alone, and no profile is asked.
    """
    from processors.reporting.json_document import as_json
    from processors.reporting.publishing import tables_in, write_report
    from processors.reporting.text_page import summary_lines
    from processors.reporting.wording import say_in
    from processors.verdicts import EXIT_CODES

    _refuse_wrong_usage(rules, version, profile_file, against)
    if rules == "oneroster":
        judged, sheets = _conformed(console, paths, version)
    else:
        judged, sheets = _checked(console, paths, profile_file, against)
    report = replace(judged, language=language or judged.language)
    if out is not None:
        write_report(out, report, sheets, masked=not show_values)
    console.terminal.json_text(as_json(report, masked=not show_values, fold=False))
    for line in summary_lines(report, masked=not show_values, tables=tables_in(sheets)):
        console.terminal.line(line)
    for note in _notes(report, masked=not show_values):
        console.terminal.line(note)
    if out is not None:
        console.terminal.line(say_in(report.language)("text.whole", path=str(out / "report.html")))
    return EXIT_CODES[report.verdict]


def _notes(report: "Report", *, masked: bool) -> list[str]:
    """What tells how far the verdict goes."""
    from validators import described

    found = report.judgement.findings
    noted = found.filter(found["code"].is_in(_ABOUT_THE_VERDICT))
    return described(noted, masked=masked, language=report.language)["message"].to_list()


def _refuse_wrong_usage(rules: Rules, version: str, profile_file: Path | None, against: str | None) -> None:
    if rules == "oneroster" and (profile_file or against):
        raise click.UsageError("--rules oneroster judges by the specification; leave --profile and --against out")
    if rules == "connect" and version != "auto":
        raise click.UsageError("--version is asked with --rules oneroster only")
    if against and profile_file:
        raise click.UsageError("--against brings the district's own profile; leave --profile out")


def _conformed(console: Console, paths: tuple[Path, ...], version: str) -> "Judged":
    from processors.conformance import check_conformance, size_of

    asked = next((known for known in VERSIONS if known == version), None)
    with console.terminal.progress(_READING, total=size_of(paths)) as advance:
        conformed = check_conformance(paths, asked, advance)
    return conformed.report, conformed.sheets


def _checked(console: Console, paths: tuple[Path, ...], profile_file: Path | None, against: str | None) -> "Judged":
    from processors.checking import check as judge_offline
    from processors.checking import check_against
    from processors.deliveries import files_at

    files = files_at(paths)
    profile = load_profile(console.home, against) if against else read_profile(profile_file) if profile_file else None
    with console.terminal.progress(_READING, total=sum(file.path.stat().st_size for file in files)) as advance:
        if against and profile:
            checked = check_against(console.home, profile, files, advance)
        else:
            checked = judge_offline(files, profile, advance)
    return checked.report, checked.tables
