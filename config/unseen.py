"""Characters that nobody sees and that act: in a terminal, or on the direction of the text around them."""

import re
from collections.abc import Mapping
from typing import Final

# C0, DEL and C1 control characters (a terminal obeys ESC and CSI), line separators, and the marks that turn the
# direction of text around, with which a value can pretend to be another one.
_UNSEEN: Final = (
    *range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A),
)  # fmt: skip
ESCAPES: Final[Mapping[int, str]] = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _UNSEEN
} | {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
"""How each of them is spelt out, by its code."""

LEFT_RAW_BY_JSON: Final = f"[{''.join(chr(code) for code in _UNSEEN if code >= 0x7F)}]"
"""A pattern of those that JSON may hold raw."""


def visible(text: str) -> str:
    r"""Text in which they can be seen and do nothing: ESC becomes `\x1b`."""
    return text.translate(ESCAPES)


def visible_in_json(document: str) -> str:
    """JSON in which those that it may hold raw are escaped too; it means the same."""
    return re.sub(LEFT_RAW_BY_JSON, lambda found: f"\\u{ord(found[0]):04x}", document)
