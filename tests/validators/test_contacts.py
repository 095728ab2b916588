"""Where each contact belongs to one person: who keeps it, who gets it, and who is brought in without."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl

from config.profiles import Guardians, Profile, Sync
from tests.validators.examples import SPRINGFIELD, Row, base, tables
from validators.contacts import HELD, contested
from validators.judging import Judgement, Known, judge
from validators.nights import Night

UNIQUE: Final = replace(SPRINGFIELD, sync=Sync(contact_sharing="unique"))
TOM: Final = ("staff", "t-1", "Tom", "Young", "tom@example.org", None)


def users(**changed: Row) -> list[Row]:
    """The valid set with other cells, by ID: `t_2={"email": …}`."""
    return [row | changed.get(row["sourcedId"].replace("-", "_"), {}) for row in base("users")]


def judged(
    people: Sequence[Row], *held: Sequence[Any], profile: Profile = UNIQUE, contacts: Sequence[Row] | None = None
) -> Judgement:
    files = {"users": people} | ({} if contacts is None else {"guardians": contacts})
    made = tables(**files)
    known = pl.DataFrame([list(row) for row in held], schema=HELD, orient="row")
    night = Night(held=contested(made, known, country="US"))
    return judge(made, profile, Known(night=night))


def taken(judgement: Judgement) -> list[tuple[str, int, str, str | None]]:
    found = judgement.findings.filter(code="contact.taken").sort("file", "line", "column")
    return found.select("file", "line", "column", "detail").rows()


def emails(judgement: Judgement) -> dict[str, str | None]:
    return dict(judgement.standing["users"].select("sourcedId", "email").iter_rows())


def test_of_newcomers_the_first_of_the_file_gets_an_address() -> None:
    """connect-behaviour 9.2: who has a shared contact."""
    judgement = judged(users(t_2={"email": "Tom@Example.org"}))
    assert taken(judgement) == [("users.csv", 6, "email", "t-1")]
    assert emails(judgement) | {"t-1": "tom@example.org", "t-2": None} == emails(judgement)


def test_who_has_an_address_in_connect_keeps_it_against_an_earlier_row() -> None:
    """connect-behaviour 9.2: who has a shared contact."""
    people = users(t_1={"email": "gia@example.org"})
    held = ("guardian", "g-1", "Gia", "Lopez", "gia@example.org", None, "files")
    assert taken(judged(people, held)) == [("users.csv", 4, "email", "g-1")]


def test_who_gave_an_address_up_leaves_it_to_the_next() -> None:
    people = users(t_1={"email": "new@example.org"}, t_2={"email": "tom@example.org"})
    assert taken(judged(people, (*TOM, "files"))) == []
    assert taken(judged(people, (*TOM, "hand"))) == [("users.csv", 6, "email", "t-1")]


def test_two_people_may_swap_their_addresses() -> None:
    people = users(t_1={"email": "tia@example.org"}, t_2={"email": "tom@example.org"})
    tia = ("staff", "t-2", "Tia", "Young", "tia@example.org", "+12125550143", "files")
    assert taken(judged(people, (*TOM, "files"), tia)) == []


def test_what_a_file_says_of_a_user_with_own_details_takes_nothing_from_others() -> None:
    people = users(t_2={"email": "tom@example.org"})
    own = ("staff", "t-1", "Tom", "Young", "mine@example.org", None, "user")
    assert taken(judged(people, own)) == []


def test_records_of_one_person_share_what_they_have() -> None:
    same = {"givenName": "Tom", "familyName": "Young", "email": "tom@example.org", "sms": ""}
    assert taken(judged(users(g_1=same))) == []
    other_number = same | {"sms": "212-555-0199"}
    assert taken(judged(users(g_1=other_number))) == [("users.csv", 5, "email", "t-1")]


def test_a_guardian_who_is_left_without_contact_is_set_aside() -> None:
    """connect-behaviour 3.7: unique contacts; 6, G4."""
    judgement = judged(users(g_1={"email": "tom@example.org"}))
    aside = judgement.set_aside.select("line", "key", "reason").rows()
    assert aside == [(5, "g-1", "no_contact")]
    assert judgement.findings.filter(line=5)["code"].to_list()[:2] == ["contact.taken", "user.contact.none"]


def test_a_mobile_number_is_somebodys_too_and_a_home_phone_is_not() -> None:
    number = {"sms": "(212) 555-0143", "phone": "(212) 555-0143"}
    assert taken(judged(users(t_1=number))) == [("users.csv", 6, "sms", "t-1")]
    assert taken(judged(users(t_1={"phone": "(212) 555-0143"}))) == []


def test_students_need_no_contact_of_their_own_without_accounts() -> None:
    people = users(s_1={"email": "gia@example.org"})
    assert taken(judged(people)) == []
    accounts = replace(UNIQUE, sync=replace(UNIQUE.sync, student_accounts=True))
    assert taken(judged(people, profile=accounts)) == [("users.csv", 5, "email", "s-1")]


def test_guardians_of_their_own_file_come_after_the_users() -> None:
    profile = replace(UNIQUE, guardians=Guardians(source="guardians"))
    contacts = [row | {"email": "tom@example.org"} for row in base("guardians")]
    judgement = judged(users(g_1={"email": ""}), profile=profile, contacts=contacts)
    assert taken(judgement) == [("guardians.csv", 2, "email", "t-1"), ("guardians.csv", 3, "email", "t-1")]


def test_a_guardian_without_an_id_is_known_by_the_name() -> None:
    profile = replace(UNIQUE, guardians=Guardians(source="guardians"))
    contacts = [row | {"guardianSourcedId": "", "email": "gia@example.org"} for row in base("guardians")]
    gia = ("guardian", "h-1", "Gia", "Lopez", "gia@example.org", None, "files")
    assert taken(judged(users(), gia, profile=profile, contacts=contacts)) == [("guardians.csv", 3, "email", "h-1")]


def test_contacts_may_be_shared_where_the_profile_says_nothing() -> None:
    """connect-behaviour 9.2: contact sharing."""
    assert taken(judged(users(t_2={"email": "tom@example.org"}), profile=SPRINGFIELD)) == []


def test_only_people_whom_tonights_files_can_concern_are_looked_at() -> None:
    others = ("guardian", "g-9", "Gus", "Roe", "gus@example.org", "+12125550999", "files")
    held = pl.DataFrame([(*TOM, "files"), others], schema=HELD, orient="row")
    assert contested(tables(users=users(t_2={"email": "TOM@example.org"})), held, country="US")["key"].to_list() == [
        "t-1"
    ]
    assert contested(tables(), held, country="US").is_empty()
