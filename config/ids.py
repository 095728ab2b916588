"""How districts and accounts may be called."""

import re
from typing import Final

ID_ALLOWED: Final = "1 to 40 of the characters a-z, 0-9 and -"

_ID: Final = re.compile(r"[a-z0-9-]{1,40}")


def is_id(text: str) -> bool:
    """Whether a district or an account may be called so (INTERFACES, "The drop")."""
    return _ID.fullmatch(text) is not None
