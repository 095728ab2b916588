"""`rosterdrop rules`: the rule catalogue, and the schemas of tables and documents."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from config.documents import schema
from config.languages import LANGUAGES
from config.mistakes import near
from config.oneroster import FILES, name_of, schema_of
from rosterdrop.console import Console
from rosterdrop.terminal import Terminal

OURS: Final = (
    *("users", "classes", "enrollments", "guardians", "student_attributes", "manifest"),
    *("report", "profile", "settings", "accounts"),
)
ONEROSTER: Final = {name_of(version, file): (version, file) for version, names in FILES.items() for file in names}
SCHEMAS: Final = (*OURS, *ONEROSTER)

Rule = Mapping[str, Any]

# What a rule's message is filled in with, where `…` would be a riddle; by code, or by the first part of codes.
_FILLED_IN: Final[Mapping[str, Mapping[str, str]]] = {
    "archive": {"file": "roster.zip", "detail": "users.csv", "hint": "2"},
    "archive.name": {"file": "roster.zip", "detail": "../users.csv", "hint": "2"},
    "file.rows_missing": {"detail": "512", "hint": "180"},
    "archive.nested": {"file": "roster.zip", "detail": "more.zip", "hint": "2"},
    "archive.entries": {"file": "roster.zip", "hint": "64"},
    "archive.size": {"file": "roster.zip", "hint": "4 GB"},
    "oneroster": {"hint": "…"},
    "files.stale": {"hint": "3"},
    "contacts.moved": {"detail": "0042", "hint": "812"},
    "guardianships.moved": {"detail": "0042", "hint": "644"},
    "guard.exceptional": {"detail": "60", "hint": "2026-09-15"},
    "source": {"detail": "students"},
    "clever": {"detail": "users.csv"},
    "clever.taken": {"detail": "students.csv, teachers.csv, sections.csv, enrollments.csv"},
    "clever.rows_differ": {"detail": "Grade"},
    "clever.ids_shared": {"detail": "staff-"},
    "clever.contacts_unusable": {"column": "Contact_name"},
    "clever.no_contacts": {"detail": "Contact_name"},
    "source.half_shared": {"detail": "1200 of 5000"},
    "source.halved": {"detail": "enrollments: 1600 / 4800"},
    "source.stale": {"detail": "2026-11-20"},
    "source.unreachable": {"detail": "HTTP 502"},
    "source.unusable": {"detail": "no list of records"},
    "source.busy": {"detail": "HTTP 429"},
    "source.access": {"detail": "HTTP 401"},
    "source.not_found": {"detail": "HTTP 404"},
    "source.forbidden": {"detail": "exports/roster"},
    "source.fault": {"detail": "OSError"},
    "source.trouble": {"detail": "error"},
    "source.still": {"detail": "2026-11-06"},
    "source.teachers": {"detail": "64"},
    "manifest.size": {"file": "users.csv", "hint": "20480", "detail": "16384"},
    "manifest.sha256": {"file": "users.csv", "hint": "9f86d0…", "detail": "60303a…"},
}


class UnknownRule(Exception):
    """No rule has this code."""

    exit_code = 5

    def __init__(self, code: str, known: Sequence[str]) -> None:
        alike = near(code, known) or tuple(each for each in known if code in each)[:5]
        meant = f"; did you mean {' or '.join(alike)}?" if alike else "; rosterdrop rules lists them all"
        super().__init__(f"there is no rule {code!r}{meant}")


class _SchemaName(click.Choice[str]):
    """One of the schemas; there are too many to tell them all to who misspelt one."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            self.fail(_unknown_schema(value), param, ctx)
        return super().convert(value, param, ctx)


def _unknown_schema(name: str) -> str:
    alike = " or ".join(near(name, SCHEMAS))
    meant = (
        f"Did you mean {alike}?" if alike else f"Take {', '.join(OURS)}, or as of OneRoster {next(iter(ONEROSTER))}."
    )
    return f"There is no schema {name!r}. {meant}"


@click.command(
    epilog="""\b
Examples:
  rosterdrop rules
  rosterdrop rules user.role.unknown
  rosterdrop rules user.role.unknown --language es
  rosterdrop rules --schema users
  rosterdrop rules --schema manifest
  rosterdrop rules --schema oneroster-1.1-users

\b
Schemas:
  users classes enrollments guardians student_attributes manifest report profile
  settings accounts
  oneroster-1.0-<file>, oneroster-1.1-<file>, oneroster-1.2-<file>: a CSV file as OneRoster has it

\b
With --json: {"rules": [rule]}, or with CODE one rule:
  {"code": text, "level": "error", "warning" or "info", "rejects": "batch", "file", "row", "value" or null,
   "file": text or null, "column": text or null, "source": text, "message": text, "fix": text,
   "passes": [text], "fails": [text], "occurs": text or null}
"passes" and "fails" are examples: what is changed in a small valid set of files."""
)
@click.argument("code", required=False)
@click.option(
    "--schema",
    "schema_name",
    type=_SchemaName(SCHEMAS),
    metavar="NAME",
    help="Print the JSON Schema of a table or a document.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Of message and fix; everything else is the same in all languages.",
)
@click.pass_obj
def rules(console: Console, code: str | None, schema_name: str | None, language: str) -> None:
    """List all rules, or tell everything about the rule CODE: meaning, level, source, examples, how to fix."""
    if code and schema_name:
        raise click.UsageError("Name a CODE or a --schema, not both.")
    if schema_name:
        _show_schema(console.terminal, _schema(schema_name))
    elif code:
        _show_rule(console.terminal, _rule(code, language))
    else:
        _list(console.terminal, documents(language=language))


def _schema(name: str) -> Mapping[str, Any]:
    return dict(schema_of(*ONEROSTER[name])) if name in ONEROSTER else schema(name)


def _rule(code: str, language: str) -> Rule:
    from validators import catalogue

    known = catalogue.codes()
    if code not in known:
        raise UnknownRule(code, known)
    return documents((code,), language)[0]


def documents(codes: Sequence[str] | None = None, language: str = "en") -> list[Rule]:
    """The rules of these codes, or all of them, as --json shows them; what a finding fills in is an example or `…`."""
    from validators import catalogue
    from validators.findings import Finding, as_frame

    entries = [catalogue.entry(code) for code in codes or catalogue.codes()]
    findings = as_frame(
        Finding(
            code=entry.code,
            file=entry.file or example.get("file", "…"),
            column=entry.column or "…",
            value="…",
            detail=example.get("detail", "…"),
            hint=example.get("hint"),
        )
        for entry, example in ((entry, _filled_in(entry.code)) for entry in entries)
    )
    texts = catalogue.described(findings, masked=False, language=language).select("message", "fix").to_dicts()
    return [
        {
            **{name: getattr(entry, name) for name in ("code", "level", "rejects", "file", "column", "source")},
            **text,
            "passes": catalogue.shown(entry.passes or ()),
            "fails": catalogue.shown(entry.fails or ()),
            "occurs": entry.occurs,
        }
        for entry, text in zip(entries, texts, strict=True)
    ]


def _filled_in(code: str) -> Mapping[str, str]:
    return _FILLED_IN.get(code) or _FILLED_IN.get(code.partition(".")[0], {})


def _show_schema(terminal: Terminal, document: Mapping[str, Any]) -> None:
    """A schema is JSON for people too."""
    terminal.json(document)
    terminal.line(json.dumps(document, ensure_ascii=False, indent=2))


def _list(terminal: Terminal, found: Sequence[Rule]) -> None:
    terminal.json({"rules": found})
    rows = [[rule["code"], rule["level"], rule["rejects"], rule["message"]] for rule in found]
    terminal.table(("code", "level", "rejects", "message"), rows)


def _show_rule(terminal: Terminal, rule: Rule) -> None:
    terminal.json(rule)
    terminal.line(rule["code"], style="bold")
    terminal.line(rule["message"])
    terminal.line(f"What to do: {rule['fix']}")
    terminal.line()
    terminal.line(f"Level: {rule['level']}")
    terminal.line(f"Left out because of it: {rule['rejects'] or 'nothing'}")
    terminal.line(f"Source: {rule['source']}")
    if rule["occurs"]:
        terminal.line(f"Found when: {rule['occurs']}")
    _examples(terminal, "Passes", rule["passes"] or ["the valid set as it is"] if rule["fails"] else ())
    _examples(terminal, "Fails", rule["fails"])


def _examples(terminal: Terminal, title: str, lines: Sequence[str]) -> None:
    for line in lines:
        terminal.line(f"{title}: {line}")
