"""`rosterdrop account`: who may log in over SFTP."""

import base64
import getpass
import hashlib
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import click

from config.accounts import PRESETS, Account, Layout, Right
from config.documents import ID_ALLOWED, is_id, is_public_key
from config.loading import load_account, load_accounts, load_profile
from config.writing import add_account, change_account
from rosterdrop.console import Console

_GENERATED_BYTES: Final = 24  # 32 characters
_SHORT: Final = 12

AS_DOCUMENT: Final = """{"account": id, "districts": [id], "layout": "single" or "many", "rights": [right],
              "password": true or false, "keys": [SHA-256 fingerprint], "enabled": true or false}"""


@click.group(epilog="\b\nExample:\n  rosterdrop --home home account list")
def account() -> None:
    """Add logins for vendors and districts, and change them."""


def _is_account_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_id(value):
        raise click.BadParameter(f"{value!r} cannot be an account's id; allowed: {ID_ALLOWED}.")
    return value


def _public_keys(_context: click.Context, _parameter: click.Parameter, files: Sequence[Path]) -> tuple[str, ...]:
    """The OpenSSH lines of all files, comments and blank lines left out."""
    return tuple(line for file in files for line in _lines_of(file))


def _lines_of(file: Path) -> Iterator[str]:
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        key = line.strip()
        if "PRIVATE KEY" in key:
            raise click.BadParameter(f"{file} holds a private key; give its public half, usually {file.name}.pub.")
        if key and not key.startswith("#"):
            if not is_public_key(key):
                raise click.BadParameter(f"line {number} of {file} is not a public key as OpenSSH writes it.")
            yield key


_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
_generate_password = click.option(
    "--generate-password", is_flag=True, help="Make a password; it is printed this once and never again."
)
_key = click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_public_keys,
    metavar="FILE",
    help="A file with public keys in OpenSSH's format; may be repeated.",
)


@account.command(
    epilog=f"""\b
Examples:
  rosterdrop --home home account add acme-sis --district springfield --preset vendor --password-stdin < secret
  rosterdrop --home home account add springfield-it --district springfield --preset district --key id_ed25519.pub

\b
Presets: vendor has upload and summaries; district has every right.

\b
With --json: {AS_DOCUMENT}
and "generated_password": text where one was made."""
)
@click.argument("id_", metavar="ID", callback=_is_account_id)
@click.option("--district", "districts", multiple=True, required=True, help="A district it sees; may be repeated.")
@click.option("--preset", type=click.Choice(tuple(PRESETS)), help="Its rights, by what it is.")
@click.option("--right", "rights", multiple=True, type=click.Choice(get_args(Right)), help="One more right.")
@click.option(
    "--layout",
    type=click.Choice(get_args(Layout)),
    help="See its one drop as /, or a folder for each district; fixed from now on.  [default: by the districts]",
)
@_password_stdin
@_generate_password
@_key
@click.pass_obj
def add(  # noqa: PLR0913  # each is an option of the command
    console: Console,
    id_: str,
    districts: tuple[str, ...],
    preset: str | None,
    rights: tuple[Right, ...],
    layout: Layout | None,
    keys: tuple[str, ...],
    *,
    password_stdin: bool,
    generate_password: bool,
) -> None:
    """Add the account ID (1 to 40 of a-z, 0-9 and -), with a password, keys, or both."""
    home, districts = console.home, tuple(dict.fromkeys(districts))
    for district in districts:
        load_profile(home, district)
    password = _password(read=password_stdin, generate=generate_password)
    if not (password or keys):
        raise click.UsageError("An account needs --password-stdin, --generate-password or --key.")
    made = Account(
        id=id_,
        districts=districts,
        layout=_layout(layout, districts),
        rights=_rights(preset, rights),
        password_hash=hashed(password) if password else None,
        public_keys=tuple(dict.fromkeys(keys)),
    )
    add_account(home, made)
    _tell(console, made, f"{id_} may log in now", password if generate_password else None)
    _warn_of_short(console, password)


def _password(*, read: bool, generate: bool) -> str | None:
    if read and generate:
        raise click.UsageError("Give --password-stdin or --generate-password, not both.")
    if generate:
        return secrets.token_urlsafe(_GENERATED_BYTES)
    return _read_password() if read else None


def _read_password() -> str:
    """The first line of standard input, or what a person types without its being shown."""
    line = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    password = line.rstrip("\r\n")
    if not password:
        raise click.UsageError("There is no password on standard input.")
    return password


def hashed(password: str) -> str:
    """The argon2id hash of a password, with the library's current costs (RFC 9106, low memory)."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


def _warn_of_short(console: Console, password: str | None) -> None:
    if password and len(password) < _SHORT:
        console.terminal.note(f"The password is short; {_SHORT} characters or more are hard to guess.")


def _layout(wanted: Layout | None, districts: Sequence[str]) -> Layout:
    if wanted == "single" and len(districts) > 1:
        raise click.UsageError("An account whose layout is single sees one district; use --layout many.")
    return wanted or ("single" if len(districts) == 1 else "many")


def _rights(preset: str | None, rights: Sequence[Right]) -> frozenset[Right]:
    found = (PRESETS[preset] if preset else frozenset()) | frozenset(rights)
    if not found:
        raise click.UsageError("An account needs --preset vendor, --preset district, or a --right.")
    return found


def _tell(console: Console, shown: Account, says: str, generated: str | None = None) -> None:
    once = {"generated_password": generated} if generated else {}
    console.terminal.json({**as_document(shown), **once})
    console.terminal.line(says)
    if generated:
        console.terminal.line(f"Password: {generated}")
        console.terminal.note("It is not kept and cannot be shown again.")


def as_document(shown: Account) -> Mapping[str, Any]:
    """An account as --json shows it: fingerprints instead of keys, no hash."""
    return {
        "account": shown.id,
        "districts": list(shown.districts),
        "layout": shown.layout,
        "rights": sorted(shown.rights),
        "password": shown.password_hash is not None,
        "keys": [fingerprint(key) for key in shown.public_keys],
        "enabled": shown.enabled,
    }


def fingerprint(key: str) -> str:
    """The fingerprint of an OpenSSH line, as `ssh-keygen -l` prints it."""
    digest = hashlib.sha256(base64.b64decode(key.split(" ")[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


@account.command(
    "list",
    epilog=f"""\b
Example:
  rosterdrop --home home account list

\b
With --json: {{"accounts": [account]}}, each as
{AS_DOCUMENT}""",
)
@click.pass_obj
def list_(console: Console) -> None:
    """List all accounts; no password and no hash is shown."""
    documents = [as_document(each) for each in load_accounts(console.home).values()]
    console.terminal.json({"accounts": documents})
    console.terminal.table(
        ("account", "districts", "layout", "rights", "logs in by", "enabled"), [_row(each) for each in documents]
    )


def _row(document: Mapping[str, Any]) -> tuple[str, ...]:
    ways = ["password"] * document["password"] + [f"{len(document['keys'])} keys"] * bool(document["keys"])
    return (
        document["account"],
        ", ".join(document["districts"]),
        document["layout"],
        ", ".join(document["rights"]),
        ", ".join(ways) or "nothing",
        "yes" if document["enabled"] else "no",
    )


@account.command(
    epilog=f"""\b
Example:
  rosterdrop --home home account password acme-sis --generate-password

\b
With --json: {AS_DOCUMENT}
and "generated_password": text where one was made."""
)
@click.argument("id_", metavar="ID")
@_password_stdin
@_generate_password
@click.pass_obj
def password(console: Console, id_: str, *, password_stdin: bool, generate_password: bool) -> None:
    """Give account ID a new password; the old one stops working at the next login."""
    home = console.home
    load_account(home, id_)
    new = _password(read=password_stdin, generate=generate_password)
    if not new:
        raise click.UsageError("Give --password-stdin or --generate-password.")
    change_account(home, id_, {"password_hash": hashed(new)})
    _tell(console, load_account(home, id_), f"{id_} has a new password", new if generate_password else None)
    _warn_of_short(console, new)


@account.command(
    epilog=f"""\b
Example:
  rosterdrop --home home account key acme-sis --key new.pub --remove SHA256:uNiVztksCsDhcc0u9e8BrrJXVGbJ

\b
With --json: {AS_DOCUMENT}"""
)
@click.argument("id_", metavar="ID")
@_key
@click.option("--remove", "removed", multiple=True, metavar="FINGERPRINT", help="A key that stops working.")
@click.pass_obj
def key(console: Console, id_: str, keys: tuple[str, ...], removed: tuple[str, ...]) -> None:
    """Add and remove public keys of account ID; without options, list them."""
    home = console.home
    before = load_account(home, id_).public_keys
    unknown = set(removed) - {fingerprint(each) for each in before}
    if unknown:
        raise click.BadParameter(f"{id_} has no key with the fingerprint {min(unknown)}.", param_hint="--remove")
    after = [each for each in dict.fromkeys((*before, *keys)) if fingerprint(each) not in removed]
    if after != list(before):
        change_account(home, id_, {"public_keys": after})
    shown = load_account(home, id_)
    console.terminal.json(as_document(shown))
    console.terminal.table(("type", "fingerprint", "comment"), [_key_row(each) for each in shown.public_keys])


def _key_row(line: str) -> tuple[str, str, str]:
    kind, _, rest = line.partition(" ")
    return kind, fingerprint(line), rest.partition(" ")[2]


@account.command(
    epilog=f"""\b
Example:
  rosterdrop --home home account disable acme-sis

\b
With --json: {AS_DOCUMENT}"""
)
@click.argument("id_", metavar="ID")
@click.option("--undo", is_flag=True, help="Let it log in again.")
@click.pass_obj
def disable(console: Console, id_: str, *, undo: bool) -> None:
    """Keep account ID from logging in, from the next login on; its rights and keys stay in the file."""
    change_account(console.home, id_, {"enabled": undo})
    may = "may log in again" if undo else "can no longer log in"
    _tell(console, load_account(console.home, id_), f"{id_} {may}")
