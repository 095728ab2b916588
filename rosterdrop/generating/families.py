"""Families: siblings who share their guardians, households of one and of two addresses, and how to reach them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rosterdrop.generating.chance import Dice
from rosterdrop.generating.names import Culture, a_culture, family_name, given_name, plain
from rosterdrop.generating.numbers import Numbers
from rosterdrop.generating.people import Family, Person, School
from rosterdrop.generating.scripts import in_own_script

MAIL_HOSTS: Final = ("example.org", "example.com", "example.net")  # RFC 2606: kept for examples
STUDENT_MAIL_HOST: Final = "students.example.org"
ELEMENTARY: Final = ("KG", "01", "02", "03", "04", "05")
MIDDLE: Final = ("06", "07", "08")
HIGH: Final = ("09", "10", "11", "12")
GRADES: Final = (*ELEMENTARY, *MIDDLE, *HIGH)

_CHILDREN: Final = ((1, 0.46), (2, 0.36), (3, 0.13), (4, 0.04), (5, 0.01))
# Who lives at each address: `parent` and `guardian` count alike in Connect, a `relative` too (connect-behaviour 1.1).
_HOUSEHOLDS: Final[tuple[tuple[tuple[tuple[str, ...], ...], float], ...]] = (
    ((("parent", "parent"),), 0.55),
    ((("parent",),), 0.19),
    ((("parent",), ("parent",)), 0.11),
    ((("parent", "guardian"), ("parent",)), 0.05),
    ((("parent", "guardian"), ("parent", "guardian")), 0.02),
    ((("parent", "relative"),), 0.03),
    ((("relative",),), 0.03),
    ((("guardian", "guardian"),), 0.02),
)
# Which contacts a guardian gave to the school: e-mail, mobile.
_REACHED_BY: Final = (((True, True), 0.73), ((False, True), 0.17), ((True, False), 0.10))
_SHARES_A_MOBILE: Final = 0.07
_HAS_A_HOME_PHONE: Final = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The schools that the children of one part of the district go to, by grade."""

    school_of: dict[str, School]


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A family with everybody in it, as it moves in."""

    family: Family
    students: tuple[Person, ...]
    guardians: tuple[Person, ...]


def households(
    dice: Dice, numbers: Numbers, neighbourhoods: Sequence[Neighbourhood], students: int
) -> Iterator[Household]:
    """Families until the district has its students."""
    left = students
    while left > 0:
        children = min(left, dice.weighed(_CHILDREN))
        grades = tuple(dice.pick(GRADES) for _ in range(children))
        yield household(dice, numbers, dice.pick(neighbourhoods), grades)
        left -= children


def household(dice: Dice, numbers: Numbers, neighbourhood: Neighbourhood, grades: Sequence[str]) -> Household:
    """One family with a student for each grade."""
    culture = a_culture(dice)
    name = family_name(dice, culture)
    home = numbers.home_number()
    schools = tuple(dict.fromkeys(neighbourhood.school_of[grade].id for grade in grades))
    guardians = tuple(_guardians(dice, numbers, culture, name, home, schools))
    address_phone = guardians[0].phone
    students = tuple(
        student(dice, numbers, culture, name, grade, neighbourhood.school_of[grade].id, home, address_phone)
        for grade in grades
    )
    students = tuple(_as_written(culture, home, child) for child in students)
    guardians = tuple(_as_written(culture, home, guardian) for guardian in guardians)
    family = Family(
        home=home,
        students=tuple(child.id for child in students),
        guardians=tuple(guardian.id for guardian in guardians),
    )
    return Household(family=family, students=students, guardians=guardians)


def _as_written(culture: Culture, home: int, person: Person) -> Person:
    """With the names as the home writes them; accounts and addresses keep the Latin letters."""
    own = [in_own_script(culture, home, name) for name in (person.given, person.middle, person.family)]
    if own == [person.given, person.middle, person.family]:
        return person
    return replace(person, given=own[0], middle=own[1], family=own[2])


def student(
    dice: Dice, numbers: Numbers, culture: Culture, name: str, grade: str, school: str, home: int, phone: str
) -> Person:
    """A child of a family. Older ones have an account and an e-mail address of the district."""
    number = numbers.student_id()
    given = given_name(dice, culture)
    account = f"{plain(given)[:1] or 'x'}{plain(name)[:12]}{number}"
    return Person(
        id=number,
        role="student",
        given=given,
        family=name,
        middle=dice.pick(culture.given) if dice.chance(0.35) else "",
        schools=(school,),
        username=account,
        identifier=f"9{int(number) * 7919 % 10_000_000:07}",
        email=f"{account}@{STUDENT_MAIL_HOST}" if grade in MIDDLE or grade in HIGH else "",
        sms=numbers.phone_number() if grade in HIGH and dice.chance(0.2) else "",
        phone=phone,
        grade=grade,
        language=culture.language if dice.chance(culture.speaks_it) else "en",
        home=home,
    )


def _guardians(
    dice: Dice, numbers: Numbers, culture: Culture, name: str, home: int, schools: tuple[str, ...]
) -> Iterator[Person]:
    """Everybody who looks after the children. A second address has another name and another telephone."""
    language = culture.language if dice.chance(culture.speaks_it) else "en"
    for position, roles in enumerate(dice.weighed(_HOUSEHOLDS)):
        address_name = name if position == 0 else _other_name(dice, culture, name)
        address_phone = numbers.phone_number() if dice.chance(_HAS_A_HOME_PHONE) else ""
        first = _guardian(dice, numbers, culture, address_name, roles[0])
        first = replace(first, phone=address_phone, language=language, home=home, schools=schools)
        yield first
        for role in roles[1:]:
            partner_name = address_name if dice.chance(0.7) else _other_name(dice, culture, address_name)
            partner = _guardian(dice, numbers, culture, partner_name, role)
            sms = first.sms if first.sms and partner.sms and dice.chance(_SHARES_A_MOBILE) else partner.sms
            yield replace(partner, sms=sms, phone=address_phone, language=language, home=home, schools=schools)


def _guardian(dice: Dice, numbers: Numbers, culture: Culture, name: str, role: str) -> Person:
    number = numbers.guardian_id()
    given = given_name(dice, culture)
    has_email, has_mobile = dice.weighed(_REACHED_BY)
    return Person(
        id=number,
        role=role,
        given=given,
        family=name,
        schools=(),
        username=number,
        email=private_email(dice, given, name, number) if has_email else "",
        sms=numbers.phone_number() if has_mobile else "",
    )


def private_email(dice: Dice, given: str, family: str, number: str) -> str:
    """An address that only this person has."""
    own = number.removeprefix("g-").lstrip("0").replace("-", "")
    return f"{plain(given) or 'x'}.{plain(family) or 'x'}{own}@{dice.pick(MAIL_HOSTS)}"


def _other_name(dice: Dice, culture: Culture, name: str) -> str:
    """A family name that is not this one."""
    while (other := family_name(dice, culture)) == name:
        pass
    return other
