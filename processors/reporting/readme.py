"""README.txt of a folder of reports: what is in here, for a person."""

from processors.reporting.wording import say_in


def readme(*, masked: bool, test: bool, language: str) -> str:
    """The text for one folder of reports."""
    parts = [
        "opening",
        *(["test"] if test else []),
        "files",
        *([] if masked else ["rejected"]),
        "more",
        "masked" if masked else "open",
    ]
    say = say_in(language)
    return "".join(say(f"readme.{part}") for part in parts)
