"""`rosterdrop account access`: who read or wrote this file, and when."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any

import click

from config.districts import district_ids
from config.loading import load_accounts
from config.mistakes import UnknownAccount, UnknownDistrict
from rosterdrop.console import Console

if TYPE_CHECKING:
    from rosterdrop.accesses import Access, Answer, Question


def _network(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False) if text else None
    except ValueError:
        raise click.BadParameter(f"{text!r} is no address and no network such as 203.0.113.0/24.") from None


def _since(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    return _moment(text, time.min)


def _until(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    """A day is meant to its end."""
    return _moment(text, time.max)


def _moment(text: str | None, of_day: time) -> datetime | None:
    """A day or a moment, in UTC unless it says otherwise, as the audit has it."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time such as 2026-11-24 or 2026-11-24T02:00-06:00.") from None
    if len(text) <= len("2026-11-24"):
        found = datetime.combine(found, of_day)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command(
    epilog="""\b
Examples:
  rosterdrop --home home account access --district springfield --file users.csv
  rosterdrop --home home account access acme-sis --since 2026-11-24 --until 2026-11-25T12:00
  rosterdrop --home home account access --source 203.0.113.0/24 --file reports/2026-11-24-batch-42/report.html

\b
The audit tells a name that nobody knows, such as "Ana Ruiz.csv", only by kind and length; --file finds it all the same.
An access that was under way at --since or --until is among them.

\b
With --json: {"accesses": [{"at": time of its end, "event": "upload", "interrupted", "download", "rename", "remove",
              "resize" or "arrived_elsewhere", "account": id or null, "from": address or null, "client": text or null,
              "district": id, "path": text, "to": text or null, "bytes": number or null, "ms": number or null,
              "batch": number or null}], "torn": number of lines that could not be read}"""
)
@click.argument("account", required=False)
@click.option("--district", help="Only the drops of this district.")
@click.option("--file", help="Only this file: its name, or the end of its path.")
@click.option("--since", callback=_since, metavar="TIME", help="From this day or time on; in UTC.")
@click.option("--until", callback=_until, metavar="TIME", help="Up to the end of this day, or this time; in UTC.")
@click.option("--source", callback=_network, metavar="ADDRESS", help="Only from this address or network.")
@click.pass_obj
def access(console: Console, /, account: str | None, **asked: Any) -> None:
    """Show the log of who read or wrote which file, and when.

    It tells of all accounts, or of ACCOUNT; the newest stands last.
    A batch is named where it took the file within the days that are looked at, or where its report was read.
    """
    from rosterdrop.accesses import Question, answer, files_to_read

    given: Mapping[str, Any] = {name: value for name, value in asked.items() if value is not None}
    question = Question(account=account, **given)
    home = console.home
    total = sum(file.stat().st_size for file in files_to_read(home, question))
    with console.terminal.progress("Reading the audit", total) as read:
        found = answer(home, question, read)
    _refuse_unknown(console, question, found)
    console.terminal.json({"accesses": [_as_document(one) for one in found.accesses], "torn": found.torn})
    console.terminal.table(
        ("when", "account", "what", "district", "file", "bytes", "batch", "from", "client"),
        [_row(one) for one in found.accesses],
        spare=("client", "from", "district"),
    )
    if found.torn:
        console.terminal.note(f"{found.torn} damaged lines of the audit were passed over.")


def _refuse_unknown(console: Console, question: "Question", found: "Answer") -> None:
    """An account or district that was removed is still known by what it did."""
    if question.account and question.account not in found.accounts:
        accounts = load_accounts(console.home)
        if question.account not in accounts:
            raise UnknownAccount(question.account, list(accounts))
    if question.district and question.district not in {*found.districts, *district_ids(console.home)}:
        raise UnknownDistrict(question.district, district_ids(console.home))


def _as_document(one: "Access") -> Mapping[str, Any]:
    return {
        "at": _shown(one.at),
        "event": one.event,
        "account": one.account,
        "from": one.address,
        "client": one.client,
        "district": one.district,
        "path": one.path,
        "to": one.to,
        "bytes": one.bytes,
        "ms": one.ms,
        "batch": one.batch,
    }


def _row(one: "Access") -> list[str | float | None]:
    from rosterdrop.accesses import WHAT

    file = f"{one.path} to {one.to}" if one.to else one.path
    what = WHAT[one.event]
    return [_shown(one.at), one.account, what, one.district, file, one.bytes, one.batch, one.address, one.client]


def _shown(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
