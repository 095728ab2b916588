"""The CSV files of OneRoster by version, from `config/schemas/oneroster`: which there are, and what a row must be.

Version 1.2 has the columns of its correction 1.2.1: a manifest cannot tell the two apart.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from config.documents import schema

Version = Literal["1.0", "1.1", "1.2"]

VERSIONS: Final[tuple[Version, ...]] = get_args(Version)

_ROSTER: Final = ("orgs", "academicSessions", "courses", "classes", "users", "demographics", "enrollments")
_SINCE_1_1: Final = ("resources", "classResources", "courseResources", "categories", "lineItems", "results")
_SINCE_1_2: Final = (
    *("userProfiles", "roles", "userResources", "scoreScales", "lineItemScoreScales", "resultScoreScales"),
    *("lineItemLearningObjectiveIds", "resultLearningObjectiveIds"),
)

FILES: Final[Mapping[Version, tuple[str, ...]]] = MappingProxyType(
    {"1.0": _ROSTER, "1.1": (*_ROSTER, *_SINCE_1_1), "1.2": (*_ROSTER, *_SINCE_1_1, *_SINCE_1_2)}
)
"""The data files of each version, without `.csv`; the manifest is none of them (oneroster-csv 1)."""


def name_of(version: Version, file: str) -> str:
    """What the schema of a file is called: `oneroster-1.1-users`."""
    return f"oneroster-{version}-{file}"


def schema_of(version: Version, file: str) -> Mapping[str, Any]:
    """The schema of a file's rows; its properties stand in the order of the header.

    Beside what JSON Schema knows, `x-refers` names the file whose `sourcedId` a cell holds (`many`: a list of them),
    and where only some of its rows are meant, their `type`.

    Raises:
        KeyError: the version has no such file.
    """
    if file not in FILES[version]:
        raise KeyError(file)
    return MappingProxyType(schema(f"oneroster/{version}/{file}"))


def header_of(version: Version, file: str) -> tuple[str, ...]:
    """The columns that a file must have, in this order; `metadata.` columns of its own may follow."""
    return tuple(schema_of(version, file)["properties"])
