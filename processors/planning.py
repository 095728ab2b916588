"""What applying a judged set would do, counted and guarded before anything is written (steps 6 to 8)."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from config.profiles import Profile
from connect_store import people
from connect_store.records import ENTITIES
from connect_store.store import Store
from processors.comparing import Comparison, Frames, compare, newcomers
from processors.guarding import GuardOutcome, guard
from processors.meaning import roster
from validators import Judgement, Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes of a night and what the guard says of them."""

    comparison: Comparison
    guard: GuardOutcome


def known(store: Store, district: str) -> Known:
    """What the store knows that judging must know."""
    return Known(
        guardians=people.guardian_keys(store, district),
        guardians_file_seen=people.guardians_file_seen(store, district),
    )


def plan_for(store: Store, judgement: Judgement, profile: Profile) -> Plan:
    """Mean, compare, guard. Only for keys that the baseline does not hold is more of the store read."""
    tonight = roster(judgement)
    baseline = people.baseline(store, profile.id)
    with store.writing():
        standing = {
            name: people.standing(store, profile.id, ENTITIES[name], records)
            for name, records in newcomers(tonight, baseline).items()
        }
    comparison = compare(tonight, baseline, standing, _protected(judgement, baseline), profile.sync)
    return Plan(comparison=comparison, guard=guard(comparison, baseline, profile.guard, reasons=judgement.withholds))


def _protected(judgement: Judgement, baseline: Frames) -> Frames:
    """Keys of rejected rows in the store's words; of a row without an ID, everybody who has its name."""
    keys = judgement.protected
    pairs = keys.get("enrollments", _NO_ENROLLMENTS)
    links = keys.get("guardians", _NO_LINKS)
    return {
        "person": pl.concat([keys.get("users", _NO_KEYS), _namesakes(judgement, baseline)]).unique(),
        "classroom": keys.get("classes", _NO_KEYS),
        "membership": pairs.select(classroom="classSourcedId", key="userSourcedId"),
        "guardianship": links.select(student="studentSourcedId", guardian="guardianSourcedId"),
    }


def _namesakes(judgement: Judgement, baseline: Frames) -> pl.DataFrame:
    names = judgement.without_id.select(given_name="givenName", family_name="familyName")
    return baseline["person"].join(names, on=("given_name", "family_name"), how="semi").select("key")


_NO_KEYS: Final = pl.DataFrame(schema={"key": pl.String()})
_NO_ENROLLMENTS: Final = pl.DataFrame(schema={"classSourcedId": pl.String(), "userSourcedId": pl.String()})
_NO_LINKS: Final = pl.DataFrame(schema={"studentSourcedId": pl.String(), "guardianSourcedId": pl.String()})
