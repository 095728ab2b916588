"""What may be shown of a value outside its district's own reports; no log or masked report goes around it."""


def masked(value: str | None) -> str | None:
    """A value reduced to kind and length: `4 letters`, `10 digits`, `17 characters`; None stays None."""
    if value is None:
        return None
    if value == "":
        return "empty"
    return f"{len(value)} {_kind(value, many=len(value) != 1)}"


def _kind(value: str, *, many: bool) -> str:
    kind = "digit" if value.isdecimal() else "letter" if value.isalpha() else "character"
    return f"{kind}s" if many else kind
