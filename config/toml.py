"""TOML files that people edit, as documents; what is none is said with its place."""

import re
import tomllib
from typing import Any, Final

from config.mistakes import InvalidConfig, Mistake

_POSITION: Final = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def parse(content: bytes, name: str) -> dict[str, Any]:
    """The bytes of a TOML file as a document; a byte-order mark, as Windows editors write it, is no mistake."""
    try:
        return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        says = f"byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        raise InvalidConfig([Mistake(file=name, key=None, says=says)]) from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfig([Mistake(file=name, key=None, says=_no_toml(str(error)))]) from error


def _no_toml(message: str) -> str:
    """Place first, as people look for it: `line 3, column 9: this is not TOML (invalid value)`."""
    found = _POSITION.search(message)
    reason = _POSITION.sub("", message)
    reason = reason[:1].lower() + reason[1:]
    if found is None or found["line"] is None:
        return f"the end of the file: this is not TOML ({reason})"
    return f"line {found['line']}, column {found['column']}: this is not TOML ({reason})"
