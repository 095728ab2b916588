"""`rosterdrop account`: who may log in over SFTP."""

import getpass
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, get_args

import click

from config.accounts import PRESETS, Account, Layout, Right
from config.ids import ID_ALLOWED, is_id
from config.key_lines import KeyLine, KeyLineRefused, parse_key_line
from config.loading import load_account, load_accounts, load_profile
from config.writing import add_account, change_account
from rosterdrop.commands.account_access import access
from rosterdrop.console import Console

_GENERATED_BYTES: Final = 24  # 32 characters
_SHORT: Final = 12

AS_DOCUMENT: Final = """{"account": id, "districts": [id], "layout": "single" or "many", "rights": [right],
              "password": true or false, "keys": [SHA-256 fingerprint], "authorities": [SHA-256 fingerprint],
              "limits": {fingerprint: {"from": [network], "until": time or null, "principals": [name],
              "revoked": [serial or fingerprint]}}, "allow_from": [network], "enabled": true or false}"""


@click.group(
    epilog="""\b
Examples:
  rosterdrop --home home account list
  rosterdrop --home home account disable acme-sis
  rosterdrop --home home account disable acme-sis --undo      (it may log in again)"""
)
def account() -> None:
    """Add logins for vendors and districts, change, disable and enable them, and see what they did."""


account.add_command(access)


def _is_account_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_id(value):
        raise click.BadParameter(f"{value!r} cannot be an account's id; allowed: {ID_ALLOWED}.")
    return value


def _key_lines(*, authority: bool) -> Callable[[click.Context, click.Parameter, Sequence[Path]], tuple[str, ...]]:
    """The OpenSSH lines of all files, comments and blank lines left out."""

    def lines(_context: click.Context, _parameter: click.Parameter, files: Sequence[Path]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line for file in files for line in _lines_of(file, authority=authority)))

    return lines


def _lines_of(file: Path, *, authority: bool) -> Iterator[str]:
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        key = line.strip()
        if "PRIVATE KEY" in key:
            raise click.BadParameter(f"{file} holds a private key; give its public half, usually {file.name}.pub.")
        if key and not key.startswith("#"):
            try:
                parse_key_line(key, authority=authority)
            except KeyLineRefused as refused:
                raise click.BadParameter(f"line {number} of {file} is not taken: {refused}.") from None
            yield key


def _networks(_context: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(str(ip_network(text)) for text in texts))
    except ValueError as error:
        raise click.BadParameter(f"{error}; give an address or a network such as 203.0.113.0/24.") from None


_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
_generate_password = click.option(
    "--generate-password", is_flag=True, help="Make a password; it is printed this once and never again."
)
_key = click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_key_lines(authority=False),
    metavar="FILE",
    help="A file with public keys in OpenSSH's format, options from= and expiry-time= among them; may be repeated.",
)
_authority = click.option(
    "--authority",
    "authorities",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_key_lines(authority=True),
    metavar="FILE",
    help="A file with public keys whose certificates count where they name the account; may be repeated.",
)
_allow_from = click.option(
    "--allow-from",
    "networks",
    multiple=True,
    callback=_networks,
    metavar="NETWORK",
    help="Let it log in from this address or network, and not from everywhere; may be repeated.",
)


@account.command(
    epilog=f"""\b
Examples:
  rosterdrop --home home account add acme-sis --district springfield --preset vendor --password-stdin < secret
  rosterdrop --home home account add springfield-it --district springfield --preset district --key id_ed25519.pub
  rosterdrop --home home account add feed --district springfield --preset vendor --authority ca.pub

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
@_authority
@_allow_from
@click.pass_obj
def add(  # noqa: PLR0913  # each is an option of the command
    console: Console,
    id_: str,
    districts: tuple[str, ...],
    preset: str | None,
    rights: tuple[Right, ...],
    layout: Layout | None,
    *,
    keys: tuple[str, ...],
    authorities: tuple[str, ...],
    networks: tuple[str, ...],
    password_stdin: bool,
    generate_password: bool,
) -> None:
    """Add the account ID (1 to 40 of a-z, 0-9 and -), with a password, keys, certificates, or several."""
    home, districts = console.home, tuple(dict.fromkeys(districts))
    for district in districts:
        load_profile(home, district)
    password = _password(read=password_stdin, generate=generate_password)
    if not (password or keys or authorities):
        raise click.UsageError("An account needs --password-stdin, --generate-password, --key or --authority.")
    made = Account(
        id=id_,
        districts=districts,
        layout=_layout(layout, districts),
        rights=_rights(preset, rights),
        password_hash=hashed(password) if password else None,
        public_keys=keys,
        certificate_authorities=authorities,
        allow_from=networks,
    )
    add_account(home, made)
    _tell(console, made, f"{id_} may log in now", password if generate_password else None)
    _warn_of_short(console, password)
    _warn_of_short_keys(console, keys, authorities)


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


def _warn_of_short_keys(console: Console, keys: Sequence[str], authorities: Sequence[str]) -> None:
    for line in (*_parsed(keys), *_parsed(authorities, authority=True)):
        if line.is_short:
            console.terminal.note(f"{line.fingerprint} is a short RSA key; 3072 bits are good, ed25519 is better.")


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
        "keys": [line.fingerprint for line in _parsed(shown.public_keys)],
        "authorities": [line.fingerprint for line in _parsed(shown.certificate_authorities, authority=True)],
        "limits": {line.fingerprint: _limits(line) for line in _all_lines(shown) if _limits_in_words(line)},
        "allow_from": list(shown.allow_from),
        "enabled": shown.enabled,
    }


def _limits(line: KeyLine) -> Mapping[str, Any]:
    return {
        "from": [str(network) for network in line.sources],
        "until": line.expires and line.expires.isoformat(),
        "principals": sorted(line.principals),
        "revoked": sorted(line.revoked),
    }


def _limits_in_words(line: KeyLine) -> str:
    """When the key counts, where it does not always: `from 203.0.113.0/24; until 2027-01-01T00:00:00+00:00`."""
    limits = (
        ("from", ", ".join(map(str, line.sources))),
        ("until", line.expires.isoformat() if line.expires else ""),
        ("names", ", ".join(sorted(line.principals))),
        ("without", ", ".join(sorted(line.revoked))),
    )
    return "; ".join(f"{word} {limit}" for word, limit in limits if limit)


def _parsed(lines: Sequence[str], *, authority: bool = False) -> list[KeyLine]:
    return [parse_key_line(line, authority=authority) for line in lines]


def _all_lines(shown: Account) -> list[KeyLine]:
    return [*_parsed(shown.public_keys), *_parsed(shown.certificate_authorities, authority=True)]


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
        ("account", "districts", "layout", "rights", "logs in by", "from", "enabled"),
        [_row(each) for each in documents],
    )


def _row(document: Mapping[str, Any]) -> tuple[str, ...]:
    counted = (
        (len(document["keys"]), "key", "keys"),
        (len(document["authorities"]), "authority", "authorities"),
    )
    ways = ["password"] * document["password"]
    ways += [f"{count} {one if count == 1 else several}" for count, one, several in counted if count]
    return (
        document["account"],
        ", ".join(document["districts"]),
        document["layout"],
        ", ".join(document["rights"]),
        ", ".join(ways) or "nothing",
        ", ".join(document["allow_from"]) or "everywhere",
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
Examples:
  rosterdrop --home home account key acme-sis --key new.pub --remove SHA256:uNiVztksCsDhcc0u9e8BrrJXVGbJ
  rosterdrop --home home account key acme-sis --allow-everywhere --allow-from 203.0.113.0/24

\b
With --json: {AS_DOCUMENT}"""
)
@click.argument("id_", metavar="ID")
@_key
@_authority
@click.option("--remove", "removed", multiple=True, metavar="FINGERPRINT", help="A key or authority to forget.")
@_allow_from
@click.option("--allow-everywhere", is_flag=True, help="Forget the networks from before; those given now count.")
@click.pass_obj
def key(
    console: Console,
    id_: str,
    *,
    keys: tuple[str, ...],
    authorities: tuple[str, ...],
    removed: tuple[str, ...],
    networks: tuple[str, ...],
    allow_everywhere: bool,
) -> None:
    """Change by which keys and certificates, and from where, account ID logs in; without options, list them."""
    home = console.home
    before = load_account(home, id_)
    unknown = set(removed) - {line.fingerprint for line in _all_lines(before)}
    if unknown:
        raise click.BadParameter(f"{id_} has no key with the fingerprint {min(unknown)}.", param_hint="--remove")
    networks_before = () if allow_everywhere else before.allow_from
    wanted = {
        "public_keys": _changed(before.public_keys, keys, removed),
        "certificate_authorities": _changed(before.certificate_authorities, authorities, removed, authority=True),
        "allow_from": list(dict.fromkeys((*networks_before, *networks))),
    }
    changes = {field: value for field, value in wanted.items() if value != list(getattr(before, field))}
    if changes:
        change_account(home, id_, changes)
    _tell_keys(console, load_account(home, id_))
    _warn_of_short_keys(console, keys, authorities)


def _changed(
    before: Sequence[str], added: Sequence[str], removed: Sequence[str], *, authority: bool = False
) -> list[str]:
    """The lines without those that were removed; a key that comes again with other options replaces itself."""
    again = {line.fingerprint for line in _parsed(added, authority=authority)}
    lines = zip(before, _parsed(before, authority=authority), strict=True)
    kept = [text for text, line in lines if line.fingerprint not in {*removed, *again} or text in added]
    return list(dict.fromkeys((*kept, *added)))


def _tell_keys(console: Console, shown: Account) -> None:
    console.terminal.json(as_document(shown))
    rows = [_key_row("key", line) for line in _parsed(shown.public_keys)]
    rows += [_key_row("authority", line) for line in _parsed(shown.certificate_authorities, authority=True)]
    console.terminal.table(("use", "type", "fingerprint", "limits", "comment"), rows)
    console.terminal.line(f"Logs in from: {', '.join(shown.allow_from) or 'everywhere'}")


def _key_row(use: str, line: KeyLine) -> tuple[str, ...]:
    return use, line.kind, line.fingerprint, _limits_in_words(line), line.comment


@account.command(
    epilog=f"""\b
Examples:
  rosterdrop --home home account disable acme-sis
  rosterdrop --home home account disable acme-sis --undo

\b
With --json: {AS_DOCUMENT}"""
)
@click.argument("id_", metavar="ID")
@click.option("--undo", is_flag=True, help="Let it log in again.")
@click.pass_obj
def disable(console: Console, id_: str, *, undo: bool) -> None:
    """Keep account ID from logging in, from the next login on; --undo lets it in again.

    Its password, keys and rights stay in the file meanwhile.
    """
    change_account(console.home, id_, {"enabled": undo})
    may = "may log in again" if undo else "can no longer log in"
    _tell(console, load_account(console.home, id_), f"{id_} {may}")
