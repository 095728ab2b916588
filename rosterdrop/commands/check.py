"""`rosterdrop check`: judge files offline, with the engine of the service."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.languages import LANGUAGES
from config.loading import load_profile, read_profile
from rosterdrop.console import Console

if TYPE_CHECKING:
    from processors.checking import Checked


@click.command(
    epilog="""\b
Examples:
  rosterdrop check export/
  rosterdrop check night.zip
  rosterdrop check users.csv classes.csv enrollments.csv --profile springfield.toml --show-values
  rosterdrop --home home check night2/ --against springfield

\b
With --json: the document that `rosterdrop rules --schema report` describes; every finding is listed."""
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--profile", "profile_file", type=click.Path(path_type=Path), help="A district's profile to judge by.")
@click.option("--against", help="A district of the home: also say what would change in its roster.")
@click.option("--show-values", is_flag=True, help="Show the values of your own files; otherwise kind and length.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the report; the profile's where it is not given.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the whole report into this folder.")
@click.pass_obj
def check(
    console: Console,
    paths: tuple[Path, ...],
    profile_file: Path | None,
    against: str | None,
    language: str | None,
    out: Path | None,
    *,
    show_values: bool,
) -> int:
    """Judge a folder, a ZIP or single files as the service would; nothing is applied.

    Without a profile the schools that are found count, and the report says so.
    """
    from processors.reporting.json_document import as_json
    from processors.reporting.publishing import write_report
    from processors.reporting.text_page import summary_lines
    from processors.reporting.wording import say_in
    from processors.verdicts import EXIT_CODES
    from validators.catalogue import message

    checked = _checked(console, paths, profile_file, against)
    report = replace(checked.report, language=language or checked.report.language)
    if out is not None:
        write_report(out, report, checked.tables, masked=not show_values)
    console.terminal.json_text(as_json(report, masked=not show_values, fold=False))
    for line in summary_lines(report, masked=not show_values):
        console.terminal.line(line)
    if profile_file is None and against is None:
        console.terminal.line(message({"code": "profile.assumed"}, report.language, masked=True))
    if out is not None:
        console.terminal.line(say_in(report.language)("text.whole", path=str(out / "report.html")))
    return EXIT_CODES[report.verdict]


def _checked(console: Console, paths: tuple[Path, ...], profile_file: Path | None, against: str | None) -> "Checked":
    from processors.checking import check as judge_offline
    from processors.checking import check_against
    from processors.deliveries import files_at

    if against and profile_file:
        raise click.UsageError("--against brings the district's own profile; leave --profile out")
    files = files_at(paths)
    if against:
        return check_against(console.home, load_profile(console.home, against), files)
    return judge_offline(files, read_profile(profile_file) if profile_file else None)
