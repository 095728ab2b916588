"""TOML that people edit: templates that explain every setting, and edits that keep what people wrote around them.

Every edit is judged as a whole before it is written, and written whole or not at all.
"""

import fcntl
import math
import os
import tempfile
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from config.accounts import Account
from config.disk import sync
from config.districts import district_ids
from config.documents import Schema, as_toml, known_keys, mistakes_in, schema, unknown_setting
from config.home import Home
from config.loading import load_accounts, load_profile
from config.mistakes import ConfigError, InvalidConfig, UnknownAccount, UnknownDistrict
from config.toml import parse

Changes = Mapping[tuple[str, ...], Any]
"""Values by the keys that lead to them; None takes the setting out, so that its default is in force again."""

_WIDTH: Final = 100


class AlreadyThere(ConfigError):
    """A district or an account has this id already."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is a {kind} {name!r} already")


def settings_template() -> str:
    """`rosterdrop.toml` with every setting explained and none changed."""
    return "\n".join((*_head(schema("settings"), "at the next start of the service"), *_tables(schema("settings"))))


def accounts_template() -> str:
    """`accounts.toml` without an account; one is shown."""
    root = schema("accounts")
    table = root["properties"]["accounts"]["additionalProperties"]
    shown = ["[accounts.acme-sis]"]
    for key, node in table["properties"].items():
        shown += [*_sentence(node), f"{key} = {_shown_value(node)}"]
    advice = "An account is added by: rosterdrop account add. It looks like this, and may be changed by hand:"
    return "\n".join((f"# {root['description']}", f"# {advice}", "#", *(f"# {line}" for line in shown), ""))


def profile_text(
    name: str, time_zone: str, schools: Mapping[str, str] | None, expected: Sequence[str] | None = None
) -> str:
    """A profile with every setting explained; `schools` None stands for auto, `expected` None for the default."""
    root = schema("profile")
    node = root["properties"]
    head = (
        *_head(root, "from the next batch on"),
        *_sentence(node["name"]),
        f"name = {as_toml(name)}",
        "",
        *_sentence(node["time_zone"]),
        f"time_zone = {as_toml(time_zone)}",
        "",
        *_sentence(node["schools"]),
        'schools = "auto"',
        "",
    )
    text = "\n".join((*head, *_tables(root)))
    changes: dict[tuple[str, ...], Any] = {}
    if schools is not None:
        changes["schools",] = dict(schools)
    if expected is not None:
        changes["arrival", "expected"] = list(expected)
    return _edited(text, changes)


def add_district(home: Home, district: str, text: str) -> None:
    """Write the profile of a new district; `text` as `profile_text` makes it."""
    with alone(home):
        if district in district_ids(home):
            raise AlreadyThere("district", district)
        file = home.profile_file(district)
        _judge(text, "profile", home, file)
        write_atomically(file, text)


def set_values(home: Home, district: str, texts: Mapping[str, str]) -> None:
    """Change settings, all or none: a text is read by its setting's type, an empty one takes the default back."""
    _must_be_there(home, district)
    changes = dict(_change(key, text, _name(home, home.profile_file(district))) for key, text in texts.items())
    _change_profile(home, district, changes)


def write_schools(home: Home, district: str, schools: Mapping[str, str]) -> None:
    """Write the schools that a district brings in: SIS ID to name."""
    _change_profile(home, district, {("schools",): dict(schools)})


def move_schools(home: Home, district: str, ids: Mapping[str, str]) -> None:
    """Give schools of a profile other IDs, under the names that they have; the others stay."""
    schools = load_profile(home, district).schools
    if schools is not None and not ids.keys().isdisjoint(schools):
        write_schools(home, district, {ids.get(id_, id_): name for id_, name in schools.items()})


def add_account(home: Home, account: Account) -> None:
    """Write a new account at the end of the file."""
    with alone(home):
        if account.id in load_accounts(home):
            raise AlreadyThere("account", account.id)
        text = f"{_text_of(home.accounts_file).rstrip()}\n\n{_account_text(account)}"
        _write(text, "accounts", home, home.accounts_file)


def change_account(home: Home, account: str, changes: Mapping[str, Any]) -> None:
    """Change fields of an account, all or none; None takes a field out."""
    with alone(home):
        known = load_accounts(home)
        if account not in known:
            raise UnknownAccount(account, list(known))
        _write_account(home, account, changes)


def remove_district(home: Home, district: str) -> tuple[str, ...]:
    """Take a district out of the accounts, and its profile away; the accounts that see no district now are gone.

    Accounts go first: one that names a district that is not there would make the whole file not valid.
    """
    with alone(home):
        accounts = _accounts_of(home, district)
        gone = tuple(account for account, districts in accounts.items() if not districts)
        changes: Changes = {("accounts", account): None for account in gone} | {
            ("accounts", account, "districts"): districts for account, districts in accounts.items() if districts
        }
        if changes:
            _write(_edited(_text_of(home.accounts_file), changes), "accounts", home, home.accounts_file)
        home.profile_file(district).unlink(missing_ok=True)
    return gone


def accounts_of(home: Home, district: str) -> tuple[str, ...]:
    """The accounts that see a district, whether the rest of the file is valid or not."""
    return tuple(_accounts_of(home, district))


def _accounts_of(home: Home, district: str) -> dict[str, list[str]]:
    """Accounts that see a district, and the other districts of each."""
    document = tomllib.loads(_text_of(home.accounts_file)).get("accounts", {})
    seen = {account: table.get("districts", []) for account, table in document.items()}
    return {
        account: [one for one in districts if one != district]
        for account, districts in seen.items()
        if district in districts
    }


def renew_hash(home: Home, account: str, old: str, stronger: Callable[[], str]) -> None:
    """Replace the hash of a password by a stronger one, unless somebody gave the account another one meanwhile.

    People own the file, but a hash is ours: they cannot make it stronger without the password, which we see only when
    somebody logs in. Nothing else in the file changes.
    """
    with alone(home):
        known = load_accounts(home).get(account)
        if known and known.password_hash == old:
            _write_account(home, account, {"password_hash": stronger()})


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Nobody else edits the files of this home meanwhile: a command line beside a service that adopts schools."""
    home.locks.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(home.locks / "config.lock", os.O_RDWR | os.O_CREAT, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_atomically(file: Path, text: str) -> None:
    """Replace a file by a new one that only we may read; a reader sees the old or the new one, whole."""
    handle, new = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(new).replace(file)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise
    sync(file.parent)


def _write_account(home: Home, account: str, changes: Mapping[str, Any]) -> None:
    keys: Changes = {("accounts", account, field): value for field, value in changes.items()}
    _write(_edited(_text_of(home.accounts_file), keys), "accounts", home, home.accounts_file)


def _must_be_there(home: Home, district: str) -> None:
    if district not in district_ids(home):
        raise UnknownDistrict(district, district_ids(home))


def _change_profile(home: Home, district: str, changes: Changes) -> None:
    with alone(home):
        _must_be_there(home, district)
        file = home.profile_file(district)
        _write(_edited(_text_of(file), changes), "profile", home, file)


def _write(text: str, schema_name: str, home: Home, file: Path) -> None:
    _judge(text, schema_name, home, file)
    write_atomically(file, text)


def _judge(text: str, schema_name: str, home: Home, file: Path) -> None:
    name = _name(home, file)
    mistakes = mistakes_in(parse(text.encode(), name), schema_name, name)
    if mistakes:
        raise InvalidConfig(mistakes)


def _name(home: Home, file: Path) -> str:
    return file.relative_to(home.root).as_posix()


def _text_of(file: Path) -> str:
    """A file's text with its line ends as they are; it is TOML, or its mistake is told."""
    content = file.read_bytes()
    parse(content, file.name)
    return content.decode("utf-8-sig")


def _change(key: str, text: str, file: str) -> tuple[tuple[str, ...], Any]:
    """A change as people type it: `schools.0042` is one school, whatever dots its ID has."""
    known = known_keys(schema("profile"))
    table, _, rest = key.partition(".")
    if table == "schools" and rest:
        return (table, rest), text or None
    if key not in known:
        raise InvalidConfig([unknown_setting("profile", key, file)])
    return tuple(key.split(".")), _value(known[key], text) if text else None


def _value(node: Schema, text: str) -> Any:
    """The text as the schema's type; one that does not fit stays text, so that the schema tells what is allowed."""
    if node.get("type") == "array":
        return [item.strip().strip("\"'") for item in text.strip("[] ").split(",") if item.strip()]
    if node.get("type") in {"boolean", "integer", "number"}:
        return _plain_value(text)
    return text


def _plain_value(text: str) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    is_number = isinstance(value, bool | int | float) and not math.isnan(value)  # a nan is not even equal to itself
    return value if is_number else text


def _edited(text: str, changes: Changes) -> str:
    """The text with changes made one after the other, each where people look for it."""
    ends = "\r\n" if "\r\n" in text else "\n"
    edited = text.replace("\r\n", "\n")
    for keys, value in changes.items():
        edited = _edited_once(edited, keys, value)
    return edited.replace("\n", ends)


def _edited_once(text: str, keys: tuple[str, ...], value: Any) -> str:
    """The first way of making a change whose result says exactly what was wanted, and nothing else."""
    wanted = _with(tomllib.loads(text), keys, value)
    for start in (_prepared(text, keys, value), text):
        try:
            edited = _set(start, keys, value)
            if tomllib.loads(edited) == wanted:
                return edited
        except (TOMLKitError, tomllib.TOMLDecodeError):
            continue
    raise ConfigError(f"{'.'.join(keys)} cannot be changed where it stands; edit the file by hand")


def _with(document: dict[str, Any], keys: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The document as it should be after the change."""
    first, *rest = keys
    changed = dict(document)
    if rest:
        table = document.get(first, {})
        changed[first] = _with(table if isinstance(table, dict) else {}, tuple(rest), value)
    elif value is None:
        changed.pop(first, None)
    else:
        changed[first] = value
    return changed


def _prepared(text: str, keys: tuple[str, ...], value: Any) -> str:
    """The text in which the change has its place beside the sentence that explains the setting."""
    if keys[0] == "schools":
        return _schools_as_table(text, keys, value)
    return _commented(text, keys) if value is None else _uncommented(text, keys)


def _set(text: str, keys: tuple[str, ...], value: Any) -> str:
    document = tomlkit.parse(text)
    if tomllib.loads(text) == _with(tomllib.loads(text), keys, value):
        return text
    table: Any = document
    for key in keys[:-1]:
        if not isinstance(table.get(key), Mapping):
            table[key] = tomlkit.table()
        table = table[key]
    if value is None:
        table.remove(keys[-1])
    else:
        table[keys[-1]] = value
    return document.as_string()


def _uncommented(text: str, keys: tuple[str, ...]) -> str:
    """The setting's own commented line counts, so that its value stands below its explanation."""
    return _with_line(text, keys, f"# {keys[-1]} =", lambda line: line.removeprefix("# "))


def _commented(text: str, keys: tuple[str, ...]) -> str:
    """The setting's line is a comment again, with what is in force without it."""
    node = known_keys(schema("profile")).get(".".join(keys))
    shown = _shown_value(node) if node else ""
    return _with_line(text, keys, f"{keys[-1]} =", lambda _: f"# {keys[-1]} = {shown}")


def _with_line(text: str, keys: tuple[str, ...], begins: str, change: Callable[[str], str]) -> str:
    """The text with one line changed: the first in the table of `keys` that begins so."""
    header, here, lines = f"[{'.'.join(keys[:-1])}]", len(keys) == 1, text.split("\n")
    for at, line in enumerate(lines):
        if line.startswith("["):
            here = line.strip() == header
        elif here and line.startswith(begins):
            return "\n".join((*lines[:at], change(line), *lines[at + 1 :]))
    return text


def _schools_as_table(text: str, keys: tuple[str, ...], value: Any) -> str:
    """A table stands where `schools = "auto"` stood; right as long as no other key of the root follows."""
    schools = value if keys == ("schools",) else {keys[1]: value} if value else None
    if not isinstance(schools, Mapping):
        return text
    table = tomlkit.table()
    for school, name in schools.items():
        table.add(school, name)
    written = tomlkit.document().add("schools", table).as_string().rstrip("\n")
    return "\n".join(written if line.startswith('schools = "auto"') else line for line in text.split("\n"))


def _head(root: Schema, when: str) -> Iterator[str]:
    yield f"# {root['description']}"
    yield "# A line behind # shows the value that is in force anyway; take the # away to change it."
    yield f"# Changes count {when}."
    yield "# One that cannot be right is not taken up, and rosterdrop status says so."
    yield ""


def _tables(root: Schema) -> Iterator[str]:
    for name, table in root["properties"].items():
        if "properties" in table:
            yield f"[{name}]"
            yield f"# {table['description']}"
            yield ""
            for key, node in table["properties"].items():
                yield from _sentence(node)
                yield f"# {key} = {_shown_value(node)}"
                yield ""


def _sentence(node: Schema) -> Iterator[str]:
    """What a setting does, and Connect's name for it."""
    name = f" [{node['x-connect']}]" if "x-connect" in node else ""
    example = " For example:" if "default" not in node and node.get("examples") and "format" in node else ""
    lines = textwrap.wrap(f"{node['description']}{name}{example}", _WIDTH, break_on_hyphens=False)
    yield from (f"# {line}" for line in lines)


def _shown_value(node: Schema) -> str:
    value = node["default"] if "default" in node else node.get("examples", [""])[0]
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{as_toml(key)} = {as_toml(item)}' for key, item in value.items())}}}"
    return as_toml(value)


def _account_text(account: Account) -> str:
    fields = {
        "districts": account.districts,
        "layout": account.layout,
        "rights": sorted(account.rights),
        "password_hash": account.password_hash,
        "public_keys": account.public_keys,
        "certificate_authorities": account.certificate_authorities or None,
        "allow_from": account.allow_from or None,
        "enabled": account.enabled,
    }
    lines = (f"{key} = {as_toml(value)}" for key, value in fields.items() if value is not None)
    return "\n".join((f"[accounts.{account.id}]", *lines, ""))
