"""Who and what of one source is who and what of another, where their IDs differ: pairs, by the strongest proof first.

A wrong pair sends a family's messages to another family. So a pair is sure only where a proof fits one record on either
side and the names do not speak against it; whatever is left is told as doubtful with the reason, for a person to say.

Source: connect-behaviour 3.2 (matching is by SIS ID alone), clever-classlink E 11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from connect_store.records import Frames

PAIRED: Final = dict.fromkeys(("kind", "old", "new", "why"), pl.String())
"""The schema of pairs: `student`, `guardian`, `staff`, `classroom` or `school`; ID of before, ID of now, the proof."""

KINDS: Final = ("school", "student", "staff", "guardian", "classroom")

ALIASES: Final = dict.fromkeys(("key", "alias"), pl.String())

_SAME: Final = "same ID"
_MANY: Final = 25
"""A value that so many have, such as a placeholder, proves nothing."""

_MOST_DOUBTS: Final = 5
_ROUNDS: Final = 2
"""Guardians and classes tell who of two of one name is which student, whose other guardians are then known too."""

_ALIKE: Final = 0.5  # of all who are in either of two classes; measured nowhere, since nobody publishes such rosters
_MOSTLY: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one source says.

    Attributes:
        records: frames by entity, with the columns of `Entity.columns` at least.
        schools: names of schools by their ID, as far as they are known.
        aliases: `ALIASES`, other IDs of students and staff (`userIds`).
    """

    records: Frames
    schools: Mapping[str, str] = field(default_factory=dict)
    aliases: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ALIASES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What became of every record of both sides.

    Attributes:
        pairs: `PAIRED`, one row for each record that is on both sides, under the same ID or another.
        doubtful: `PAIRED`, what may belong together and is not sure; `new` is null where too many fit to name them.
        gone: `kind`, `old` of records that nothing is paired with.
        fresh: `kind`, `new` likewise.
    """

    pairs: pl.DataFrame
    doubtful: pl.DataFrame
    gone: pl.DataFrame
    fresh: pl.DataFrame

    @property
    def moving(self) -> pl.DataFrame:
        """The pairs whose ID becomes another."""
        return self.pairs.filter(pl.col("old") != pl.col("new"))


def paired(old: Side, new: Side) -> Pairing:
    """Pair the records of two sides, each at most once."""
    found = _Found()
    _pair_people(found, old, new)
    for _ in range(_ROUNDS):
        _pair_guardians(found, old, new)
        _pair_classrooms(found, old, new)
        _pair_through_links(found, old, new)
    pairs = found.pairs
    before, now = _keys(old, "old"), _keys(new, "new")
    gone = before.join(pairs, on=("kind", "old"), how="anti")
    fresh = now.join(pairs, on=("kind", "new"), how="anti")
    open_ = found.doubts.join(gone, on=("kind", "old"), how="semi")
    named = open_.join(fresh, on=("kind", "new"), how="semi")
    return Pairing(pairs=pairs, doubtful=_few(named), gone=gone, fresh=fresh)


@dataclass(slots=True)
class _Found:
    """Pairs so far, and what was seen on the way and was not sure."""

    pairs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PAIRED))
    doubts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PAIRED))

    def take(self, kind: str, why: str, candidates: pl.DataFrame, *, but: str | None = None) -> None:
        """Take the candidates that are the only ones for both of their records.

        Args:
            kind: what they are.
            why: the proof.
            candidates: `old`, `new`, and `agrees`: whether the names do not speak against it.
            but: why none of these is sure, where that is so.
        """
        open_ = (
            candidates.unique(["old", "new"], maintain_order=True)
            .join(self.of(kind), on="old", how="anti")
            .join(self.of(kind), on="new", how="anti")
        )
        agreeing = open_.filter("agrees")
        sure = agreeing.filter(pl.col("old").is_unique() & pl.col("new").is_unique()) if but is None else open_.clear()
        self.pairs = pl.concat([self.pairs, _as_pairs(kind, sure, pl.lit(why))])
        unsure = open_.join(sure, on="old", how="anti").join(sure, on="new", how="anti")
        reason = (
            pl.when(~pl.col("agrees"))
            .then(pl.lit("another title and other students" if kind == "classroom" else "another name"))
            .otherwise(pl.lit(but) if but else pl.lit("it fits several"))
        )
        doubts = _as_pairs(kind, unsure, pl.concat_str(pl.lit(f"{why}, but "), reason))
        self.doubts = pl.concat([self.doubts, doubts])

    def of(self, kind: str) -> pl.DataFrame:
        """The pairs of a kind."""
        return self.pairs.filter(pl.col("kind") == kind)


def _as_pairs(kind: str, candidates: pl.DataFrame, why: pl.Expr) -> pl.DataFrame:
    return candidates.select(pl.lit(kind).alias("kind"), "old", "new", why.alias("why"))


def _few(doubts: pl.DataFrame) -> pl.DataFrame:
    """The strongest reason for each pair, and not more pairs of a record than a person can look through."""
    each = doubts.unique(["kind", "old", "new"], keep="first", maintain_order=True)
    several = pl.len().over("kind", "old") > _MOST_DOUBTS
    many = each.filter(several).unique(["kind", "old"], keep="first", maintain_order=True)
    return pl.concat([each.filter(~several), many.with_columns(new=pl.lit(None, pl.String))])


def _keys(side: Side, name: str) -> pl.DataFrame:
    """`kind` and ID of everything."""
    rooms = side.records["classroom"].select(pl.lit("classroom").alias("kind"), pl.col("key").alias(name))
    schools = _schools_of(side).select(pl.lit("school").alias("kind"), pl.col("school").alias(name))
    return pl.concat([side.records["person"].select("kind", pl.col("key").alias(name)), rooms, schools])


def _schools_of(side: Side) -> pl.DataFrame:
    held = [side.records[name].select("school") for name in ("attachment", "classroom")]
    return pl.concat(held).drop_nulls().unique().sort("school")


def _pair_people(found: _Found, old: Side, new: Side) -> None:
    """Students and staff; the schools lie between the proofs that need none and those that do."""
    sides = {kind: (_people(old, kind), _people(new, kind)) for kind in ("student", "staff")}
    for kind, (before, now) in sides.items():
        _take_same(found, kind, before, now)
        found.take(kind, "student or staff number", _by_number(before, now, new.aliases))
        found.take(kind, "e-mail", _joined(before, now, ["email"], named_by=("given",)))
    _pair_schools(found, old, new)
    schools = found.of("school").select(school="old", new_school="new")
    for kind, (before, now) in sides.items():
        there = before.join(schools, on="school", how="left").with_columns(school="new_school")
        if kind == "student":
            found.take(kind, "name, grade and school", _joined(there, now, ["who", "grades", "school"]))
            ungraded = pl.col("grades").is_null()
            found.take(kind, "name and school", _joined(there.filter(ungraded), now, ["who", "school"]))
            found.take(kind, "name and school", _joined(there, now.filter(ungraded), ["who", "school"]))
            found.take(kind, "name and school", _joined(there, now, ["who", "school"]), but="another grade")
        else:
            found.take(kind, "name and school", _joined(there, now, ["who", "school"]))
        found.take(kind, "name", _joined(there, now, ["who"]), but="another school")


def _pair_schools(found: _Found, old: Side, new: Side) -> None:
    """Schools by their ID or name, else by where most of the people are who are known to be the same."""
    before = _schools_of(old).with_columns(who=_called("school", old.schools))
    now = _schools_of(new).with_columns(who=_called("school", new.schools))
    same = before.join(now, on="school").select(old="school", new="school", agrees=pl.lit(value=True))
    found.take("school", _SAME, same)
    named = before.join(now.rename({"school": "new"}).drop_nulls("who"), on="who")
    found.take("school", "name", named.select("new", old="school", agrees=pl.lit(value=True)))
    moved = (
        found.pairs.join(_homes(old, "old"), on=("kind", "old"))
        .join(_homes(new, "new"), on=("kind", "new"), suffix="_new")
        .group_by("school", "school_new")
        .len()
        .filter(pl.col("len") * 2 > pl.col("len").sum().over("school"))
        .filter(pl.col("len") * 2 > pl.col("len").sum().over("school_new"))
        .sort("school", "school_new")
    )
    people_ = moved.select(old="school", new="school_new", agrees=pl.lit(value=True))
    found.take("school", "most of its students and staff", people_)


def _called(column: str, names: Mapping[str, str]) -> pl.Expr:
    return _words(pl.col(column).replace_strict(dict(names), default=None, return_dtype=pl.String))


def _homes(side: Side, name: str) -> pl.DataFrame:
    of = pl.col("kind") != "guardian"
    return side.records["attachment"].filter(of).select("kind", pl.col("key").alias(name), "school")


def _people(side: Side, kind: str) -> pl.DataFrame:
    """People of a kind in each of their schools, with what tells who they are."""
    full = pl.concat_str([pl.col("given_name").fill_null(""), pl.col("family_name").fill_null("")], separator=" ")
    people_ = side.records["person"].filter(pl.col("kind") == kind)
    homes = side.records["attachment"].filter(pl.col("kind") == kind).select("key", "school")
    return people_.join(homes, on="key", how="left", maintain_order="left").select(
        "key",
        "school",
        "sms",
        "phone",
        "grades",
        "identifier",
        _words(full).alias("who"),
        _words(pl.col("given_name")).alias("given"),
        _words(pl.col("family_name")).alias("family"),
        pl.col("email").str.to_lowercase(),
    )


def _words(text: pl.Expr) -> pl.Expr:
    """The words of a name in the order of the alphabet, without case and accents: sources swap first and last names."""
    letters = text.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    words = letters.str.replace_all(r"['\u2019]", "").str.extract_all(r"[\p{L}\p{N}]+").list.sort().list.join(" ")
    return pl.when(words != "").then(words)


def _take_same(found: _Found, kind: str, before: pl.DataFrame, now: pl.DataFrame) -> None:
    found.take(kind, _SAME, _candidates(before.join(now, on="key", suffix=_NEW).with_columns(key_new="key")))


def _by_number(before: pl.DataFrame, now: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Whoever has a number on both sides, be it the ID of one of them."""
    known = now.join(aliases, on="key", how="inner")
    ways = [
        _joined(before, now, ["identifier"]),
        _joined(before.with_columns(number="identifier"), now.with_columns(number="key"), ["number"]),
        _joined(before.with_columns(number="key"), now.with_columns(number="identifier"), ["number"]),
        _joined(before.with_columns(number="key"), known.with_columns(number="alias"), ["number"]),
        _joined(before.with_columns(number="identifier"), known.with_columns(number="alias"), ["number"]),
    ]
    return pl.concat(ways)


def _joined(
    before: pl.DataFrame, now: pl.DataFrame, on: list[str], *, named_by: Sequence[str] = ("given", "family")
) -> pl.DataFrame:
    """Candidates with the same values in these columns, as `take` takes them; an empty value is like no other."""
    sides = [
        side.drop_nulls(on)
        .filter(pl.col("key").n_unique().over(on) <= _MANY)
        .select(*dict.fromkeys(("key", "who", *_PARTS, *on)))
        for side in (before, now)
    ]
    return _candidates(sides[0].join(sides[1], on=on, suffix=_NEW), named_by)


_NEW: Final = "_new"
_PARTS: Final = ("given", "family")


def _candidates(beside: pl.DataFrame, named_by: Sequence[str] = _PARTS) -> pl.DataFrame:
    """Whose parts of a name are in the other's, either way, may be the same.

    Brothers have the last name in common. Numbers of two systems meet by chance, and so do common first names: only an
    address proves that somebody married.
    """
    now = "who_new" if "who_new" in beside.columns else "who"
    tests = [_has_word_of(pl.col(part), pl.col(now)) for part in named_by]
    tests += [_has_word_of(pl.col(f"{part}{_NEW}"), pl.col("who")) for part in named_by]
    return beside.select(old="key", new="key_new", agrees=pl.all_horizontal(tests)).unique(maintain_order=True)


def _has_word_of(given: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Whether names have a word in common; one that is not there speaks against nothing."""
    common = given.str.split(" ").list.set_intersection(whole.str.split(" ")).list.len() > 0
    return common.fill_null(value=True)


def _pair_guardians(found: _Found, old: Side, new: Side) -> None:
    """Through their students; without one, by name and contact."""
    before, now = (_people(side, "guardian").drop("school").unique("key", maintain_order=True) for side in (old, new))
    _take_same(found, "guardian", before, now)
    families = _families(found, old, new, before, now)
    same = families.with_columns(agrees=pl.lit(value=True))
    has_contact = pl.any_horizontal(_equal(column) for column in ("email", "sms", "phone"))
    has_name = pl.col("who") == pl.col("who_new")
    found.take("guardian", "student, name and contact", same.filter(has_name & has_contact).select(*_TAKEN))
    found.take("guardian", "student and name", same.filter(has_name).select(*_TAKEN))
    has_given = (pl.col("given") == pl.col("given_new")).fill_null(value=False)
    found.take("guardian", "student, first name and contact", same.filter(has_given & has_contact).select(*_TAKEN))
    found.take("guardian", "student and contact", same.filter(has_contact).select(*_TAKEN), but="another name")
    for column, told in (("email", "e-mail"), ("sms", "mobile")):
        found.take("guardian", f"name and {told}", _joined(before, now, ["who", column]))


_TAKEN: Final = ("old", "new", "agrees")


def _equal(column: str) -> pl.Expr:
    return (pl.col(column) == pl.col(f"{column}{_NEW}")).fill_null(value=False)


def _families(found: _Found, old: Side, new: Side, before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Guardians of both sides who have a student in common."""
    students = found.of("student").select(student="old", student_new="new")
    links = old.records["guardianship"].select("student", old="guardian").join(students, on="student")
    theirs = new.records["guardianship"].select(student_new="student", new="guardian")
    return (
        links.join(theirs, on="student_new")
        .select("old", "new")
        .unique(maintain_order=True)
        .join(before, left_on="old", right_on="key")
        .join(now, left_on="new", right_on="key", suffix=_NEW)
    )


def _pair_classrooms(found: _Found, old: Side, new: Side) -> None:
    """By title, school and who is in them; a title alone is that of many, and so are the students of a grade."""
    beside = _rooms_beside(found, old, new)
    alike, mostly = pl.col("alike") >= _ALIKE, pl.col("alike") >= _MOSTLY
    title = pl.col("same_title") & pl.col("same_school")
    empty = pl.col("is_empty")
    same = pl.col("old") == pl.col("new")
    kept = beside.filter(same).with_columns(agrees=title | alike | (empty & pl.col("same_title")))
    found.take("classroom", _SAME, kept.select(*_TAKEN))
    sure = beside.with_columns(agrees=pl.lit(value=True))
    found.take("classroom", "title, school and students", _best(sure.filter(title & alike)))
    found.take("classroom", "title, school and teacher", sure.filter(title & pl.col("same_teacher")).select(*_TAKEN))
    found.take("classroom", "students and teachers", _best(sure.filter(mostly)))
    found.take("classroom", "title and school", sure.filter(title & empty).select(*_TAKEN))
    found.take("classroom", "title and school", sure.filter(title).select(*_TAKEN), but="other students")
    found.take("classroom", "students", sure.filter(alike).select(*_TAKEN), but="another title")


def _pair_through_links(found: _Found, old: Side, new: Side) -> None:
    """People of one name, of whom there are others, by a guardian or a class of theirs."""
    families = [side.records["guardianship"].select(key="student", other="guardian") for side in (old, new)]
    _take_linked(found, "student", "name and guardian", (old, new), families, "guardian")
    for kind in ("student", "staff"):
        members = [
            side.records["membership"].filter(pl.col("kind") == kind).select("key", other="classroom")
            for side in (old, new)
        ]
        _take_linked(found, kind, "name and class", (old, new), members, "classroom")


def _take_linked(
    found: _Found, kind: str, why: str, sides: tuple[Side, Side], links: list[pl.DataFrame], through: str
) -> None:
    names = [_people(side, kind).select("key", "who").unique().drop_nulls() for side in sides]
    known = found.of(through).select(other="old", other_new="new")
    before = links[0].join(known, on="other").join(names[0], on="key").select("key", "who", other="other_new")
    now = links[1].join(names[1], on="key")
    same = before.join(now, on=("other", "who"), suffix=_NEW)
    found.take(kind, why, same.select(old="key", new="key_new", agrees=pl.lit(value=True)))


def _best(candidates: pl.DataFrame) -> pl.DataFrame:
    """The candidates that have most in common for both of their classes."""
    best = pl.all_horizontal(pl.col("alike") == pl.col("alike").max().over(side) for side in ("old", "new"))
    return candidates.filter(best).select(*_TAKEN)


def _rooms_beside(found: _Found, old: Side, new: Side) -> pl.DataFrame:
    """Classes of both sides that have an ID, a title and school, or people in common, with how much of each."""
    rooms = _rooms(old, found.of("school")), _rooms(new, None)
    members = _members(old, found.pairs), new.records["membership"].select("kind", "key", room="classroom")
    sizes = [side.group_by("room").len() for side in members]
    shared = (
        members[0]
        .join(members[1], on=("kind", "key"), suffix=_NEW)
        .group_by("room", "room_new")
        .agg(shared=pl.len(), teachers=(pl.col("kind") == "staff").sum())
        .rename({"room": "old", "room_new": "new"})
    )
    named = [
        rooms[0].join(rooms[1], on=on, suffix=_NEW).select(old="key", new=pl.col("key_new") if on != ["key"] else "key")
        for on in (["key"], ["title", "school"])
    ]
    pairs = pl.concat([*named, shared.select("old", "new")]).unique().sort("old", "new")
    beside = (
        pairs.join(rooms[0], left_on="old", right_on="key")
        .join(rooms[1], left_on="new", right_on="key", suffix=_NEW)
        .join(shared, on=("old", "new"), how="left", maintain_order="left")
        .join(sizes[0].rename({"room": "old", "len": "size"}), on="old", how="left", maintain_order="left")
        .join(sizes[1].rename({"room": "new", "len": "size_new"}), on="new", how="left", maintain_order="left")
        .with_columns(pl.col("shared", "teachers", "size", "size_new").fill_null(0).cast(pl.Int64))
    )
    either = pl.col("size") + pl.col("size_new") - pl.col("shared")
    return beside.select(
        "old",
        "new",
        same_title=_equal("title"),
        same_school=_equal("school"),
        alike=pl.when(either > 0).then(pl.col("shared") / either).otherwise(0.0),
        same_teacher=pl.col("teachers") > 0,
        is_empty=(pl.col("size") == 0) | (pl.col("size_new") == 0),
    )


def _rooms(side: Side, schools: pl.DataFrame | None) -> pl.DataFrame:
    """`key`, `title`, `school`; that of the new side."""
    rooms = side.records["classroom"].select("key", "school", title=_words(pl.col("title")))
    if schools is None:
        return rooms
    known = schools.select(school="old", there="new")
    return rooms.join(known, on="school", how="left", maintain_order="left").select("key", "title", school="there")


def _members(side: Side, pairs: pl.DataFrame) -> pl.DataFrame:
    """Who is in which class, by the IDs of the new side; whoever has none there is in no class."""
    known = pairs.select("kind", "new", key="old")
    return side.records["membership"].join(known, on=("kind", "key")).select("kind", room="classroom", key="new")
