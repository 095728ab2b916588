"""JSON Schema in words: a document in, mistakes with key, reason, what is allowed and what was probably meant out.

The schemas carry what people read: `description`, `x-allowed` where the allowed values need other words than the
schema itself gives, `x-is` what a table's keys are, `x-connect` for the exact name of the same setting in Connect,
`writeOnly` for what is never shown.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import time
from functools import cache
from importlib.resources import files
from ipaddress import ip_network
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from config.addresses import is_safe
from config.key_lines import KeyLineRefused, parse_key_line
from config.mistakes import Mistake, nearest
from config.profiles import Days, Exceptional

Schema = Mapping[str, Any]


@cache
def schema(name: str) -> dict[str, Any]:
    """One of the schemas of this room: `settings`, `profile`, `accounts`, `oneroster/1.1/users`."""
    document: dict[str, Any] = json.loads(files("config").joinpath("schemas", f"{name}.json").read_text("utf-8"))
    return document


def mistakes_in(document: Mapping[str, Any], name: str, file: str) -> tuple[Mistake, ...]:
    """Everything that is wrong with a document by one of the schemas, ordered by key."""
    errors = _validator(name).iter_errors(document)
    found = {mistake.key: mistake for error in errors for mistake in _mistakes(_Broken.by(error), schema(name), file)}
    return tuple(sorted(found.values(), key=lambda mistake: mistake.key or ""))


def known_keys(node: Schema, prefix: str = "") -> dict[str, Schema]:
    """Every setting of a schema with its dots, in the schema's order, and the part of the schema that describes it."""
    found: dict[str, Schema] = {}
    for key, child in node.get("properties", {}).items():
        if "properties" in child:
            found |= known_keys(child, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = child
    return found


def is_time_zone(text: str) -> bool:
    """Whether a time zone has this name."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # not found, a path that leaves the database, a folder of it
        return False
    return True


def nearest_time_zone(text: str) -> str | None:
    """The time zone that was probably meant, also where only the city was written: `Chicago`."""
    zones = available_timezones()
    wanted = text.strip().replace(" ", "_")
    cities = {
        zone.rpartition("/")[2].casefold(): zone for zone in sorted(zones) if not zone.startswith(("posix", "right"))
    }
    city = nearest(wanted.rpartition("/")[2], cities)
    return nearest(wanted, zones) or (cities[city] if city else None)


def _is_time_of_day(text: str) -> bool:
    if not re.fullmatch(r"\d\d:\d\d", text):
        return False
    try:
        time.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_exceptional(text: str) -> bool:
    try:
        Exceptional.of(text)
    except ValueError:
        return False
    return True


def _are_days(text: str) -> bool:
    try:
        Days.of(text)
    except ValueError:
        return False
    return True


def _is_country(text: str) -> bool:
    from phonenumbers import SUPPORTED_REGIONS

    return text in SUPPORTED_REGIONS


def is_public_key(text: str) -> bool:
    """Whether an account may have this line as a key to log in with (`key_lines`)."""
    return _why_no_key(text, authority=False) is None


def is_authority(text: str) -> bool:
    """Whether an account may have this line as a key that signs certificates (`key_lines`)."""
    return _why_no_key(text, authority=True) is None


def _why_no_key(text: str, *, authority: bool) -> str | None:
    try:
        parse_key_line(text, authority=authority)
    except KeyLineRefused as refused:
        return str(refused)
    return None


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


_KEYS: Final = ("public-key", "authority")
_FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "time-zone": (is_time_zone, "a name of the time zone database, such as America/Chicago"),
    "time-of-day": (_is_time_of_day, 'a time between quotation marks, such as "06:00"'),
    "exceptional-days": (
        _is_exceptional,
        'the first day, the last day and a percentage, such as "2026-08-01/2026-09-15=60"',
    ),
    "days": (_are_days, 'the first day and the last one, such as "2026-12-20/2027-01-03"'),
    "country": (_is_country, "a country's two capital letters, such as US"),
    "safe-address": (is_safe, "an address that begins with https://"),
    "network": (_is_network, "an address or a network, such as 203.0.113.0/24"),
    "public-key": (is_public_key, "a public key as one OpenSSH line, such as: ssh-ed25519 AAAA... name"),
    "authority": (
        is_authority,
        "the public key of an authority as one OpenSSH line, such as: ssh-ed25519 AAAA... name",
    ),
}


def _checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, (holds, _) in _FORMATS.items():
        checker.checks(name)(lambda value, holds=holds: not isinstance(value, str) or holds(value))
    return checker


def _is_number(_checker: object, value: object) -> bool:
    """TOML knows `nan`, which no minimum or maximum would stop."""
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


@cache
def _validator(name: str) -> Validator:
    types = Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number)
    made: type[Validator] = extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]  # stubs
    return made(schema(name), format_checker=_checker())


class _Broken(NamedTuple):
    """What the library says, in our types: which keyword of which part of the schema does not hold for which value."""

    keyword: str
    wanted: Any
    node: Schema
    value: Any
    key: str
    is_name: bool

    @classmethod
    def by(cls, error: ValidationError) -> "_Broken":
        node: Any = error.schema
        key = _dotted(error.absolute_path)
        is_name = "propertyNames" in error.absolute_schema_path
        if is_name:
            key = _joined(key, str(error.instance))
        return cls(str(error.validator), error.validator_value, node, error.instance, key, is_name)


def _mistakes(broken: _Broken, root: Schema, file: str) -> Iterator[Mistake]:
    if broken.keyword == "additionalProperties":
        unknown = [key for key in broken.value if key not in broken.node["properties"]]
        yield from (_unknown_key(broken.key, key, root, file) for key in unknown)
    elif broken.keyword == "required":
        missing = [key for key in broken.wanted if key not in broken.value]
        yield from (_missing(broken.key, key, broken.node, file) for key in missing)
    else:
        yield Mistake(
            file=file,
            key=broken.key or None,
            says=_complaint(broken),
            allowed=allowed(broken.node),
            nearest=_meant(broken),
        )


def _dotted(path: Iterable[object]) -> str:
    """`accounts.acme.districts`: places in a list are not part of the key."""
    return ".".join(part for part in path if isinstance(part, str))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def unknown_setting(name: str, key: str, file: str) -> Mistake:
    """The mistake of naming a setting, with its dots, that one of the schemas does not know."""
    path, _, last = key.rpartition(".")
    known = path if path in schema(name)["properties"] else ""
    return replace(_unknown_key(known, last, schema(name), file), key=key)


def _unknown_key(path: str, key: str, root: Schema, file: str) -> Mistake:
    here = [_joined(path, name) for name in _node(root, path)["properties"]]
    whole = _joined(path, key)
    elsewhere = {dotted.rpartition(".")[2]: dotted for dotted in known_keys(root)}
    return Mistake(
        file=file,
        key=whole,
        says="there is no such setting",
        allowed=", ".join(here),
        nearest=nearest(whole, here) or elsewhere.get(nearest(key, elsewhere) or ""),
    )


def _node(root: Schema, path: str) -> Schema:
    """The part of a schema that describes a key; `accounts.<id>` stands under additionalProperties."""
    node = root
    for part in path.split(".") if path else ():
        children = node.get("properties", {})
        node = children[part] if part in children else node["additionalProperties"]
    return node


def _missing(path: str, key: str, node: Schema, file: str) -> Mistake:
    return Mistake(file=file, key=_joined(path, key), says="it is missing", allowed=allowed(node["properties"][key]))


def _complaint(broken: _Broken) -> str:
    if broken.is_name:
        return f"{broken.value!r} cannot be used as {broken.node.get('x-is', 'an id')}"
    if broken.keyword == "uniqueItems":
        return "something stands in it twice"
    if broken.keyword in {"minItems", "minProperties"}:
        return "it is empty"
    why = f": {_why_no_key(broken.value, authority=broken.wanted == 'authority')}" if broken.wanted in _KEYS else ""
    return f"{shown(broken.value, broken.node)} cannot be used here{why}"


def _meant(broken: _Broken) -> str | None:
    if not isinstance(broken.value, str):
        return None
    if broken.keyword == "enum":
        return nearest(broken.value, broken.wanted)
    return nearest_time_zone(broken.value) if broken.wanted == "time-zone" else None


def shown(value: object, node: Schema) -> str:
    """A value as people would write it into the file; secrets are not shown."""
    if node.get("writeOnly"):
        return "the value"
    return as_toml(value)


def as_toml(value: object) -> str:
    """A simple value in TOML's spelling; a table only by its kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(as_toml(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "a table"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def allowed(node: Schema) -> str | None:
    """What may stand there, in words."""
    if "x-allowed" in node:
        return str(node["x-allowed"])
    if "enum" in node:
        return " or ".join(as_toml(value) for value in node["enum"])
    if "format" in node:
        return _FORMATS[node["format"]][1]
    return _WORDS[node["type"]](node) if "type" in node else None


def _number(kind: str) -> Callable[[Schema], str]:
    return lambda node: f"{kind} from {node['minimum']} to {node['maximum']}"


_WORDS: Final[Mapping[str, Callable[[Schema], str | None]]] = {
    "boolean": lambda _: "true or false",
    "integer": _number("a whole number"),
    "number": _number("a number"),
    "string": lambda node: f"text of up to {node['maxLength']} characters" if "maxLength" in node else "text",
    "array": lambda node: f"a list of {allowed(node['items'])}",
    "object": lambda node: "a table of " + ", ".join(node["properties"]) if "properties" in node else "a table",
}
