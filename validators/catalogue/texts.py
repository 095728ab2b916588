"""What people read about a finding: texts by code and language, filled in a whole frame at a time.

In a text, `{value}` stands for that column of the finding, and a part in [brackets] vanishes where one of its columns
is null. `(is|are)` has a form for a count of one and one for others; `(s)` and `(es)` vanish at a count of one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Final, get_args

import polars as pl

from config.masking import Kind as MaskKind
from config.masking import hidden as hidden_mark
from config.masking import told
from config.wording import forms_of
from validators.catalogue import hiding
from validators.catalogue.entries import GROUPS, Kind, entries, loaded
from validators.catalogue.hiding import words
from validators.distinct import each_distinct

_PERSONAL: Final = ("value", "detail", "hint")
_TEXTS: Final = ("message", "fix")
_KINDS: Final[Sequence[MaskKind]] = get_args(MaskKind)
_PARTS: Final = re.compile(r"\[(?P<optional>[^\]]*)\]|(?P<plain>[^\[]+)")
_HOLES: Final = re.compile(r"\{(\w+)\}")
_FORMS: Final = re.compile(r"\((?:(?P<ending>e?s)|(?P<one>[^()|]*)\|(?P<many>[^()|]*))\)")


def described(findings: pl.DataFrame, *, masked: bool, language: str = "en") -> pl.DataFrame:
    """Findings with what the catalogue says of them.

    Args:
        findings: as FINDINGS.
        masked: whether values are reduced to kind and length, in their columns and in the messages; what of a file may
            be shown all the same, `hiding` says.
        language: of the texts.

    Returns: the same rows in the same order with `level`, `rejects`, `message` and `fix`.
    """
    numbered = findings.with_row_index("place")
    by_code = numbered.partition_by("code", as_dict=True) or {("",): numbered}
    parts = [_of_one_code(part, str(code), language, masked=masked) for (code,), part in by_code.items()]
    return findings.with_columns(pl.concat(parts).sort("place").drop("place"))


def message(finding: Mapping[str, object], language: str = "en", *, masked: bool) -> str:
    """What one finding says; `finding` is a row of a frame of findings."""
    return _one(finding, "message", language, masked=masked)


def fix(finding: Mapping[str, object], language: str = "en", *, masked: bool) -> str:
    """What to do about one finding."""
    return _one(finding, "fix", language, masked=masked)


def _one(finding: Mapping[str, object], which: str, language: str, *, masked: bool) -> str:
    columns = {name: [finding.get(name)] for name in ("code", "file", "column", *_PERSONAL)}
    row = pl.DataFrame(columns, schema_overrides=dict.fromkeys(columns, pl.String))
    row = row.with_columns(count=pl.lit(finding.get("count") or 1, pl.UInt32))
    return str(described(row, masked=masked, language=language)[which].item())


@cache
def texts(language: str) -> Mapping[str, Mapping[str, str]]:
    """Code to `message` and `fix` in a language."""
    return {code: text for group in GROUPS for code, text in loaded(f"texts/{language}/{group}").items()}


def _of_one_code(findings: pl.DataFrame, code: str, language: str, *, masked: bool) -> pl.DataFrame:
    """What is to be told of findings of one code: their `place`, and the columns that are told otherwise or added."""
    about = entries().get(code)
    public = about.public if about else {}
    shown, said = _masked(findings, public, language) if masked else ((), findings)
    if public.get("detail") == "word":
        said = said.with_columns(pl.col("detail").replace(_our_words(language)))
    templates = texts(language).get(code, {})
    told = said.with_columns(
        _column_in(language),
        level=pl.lit(about and about.level, pl.String),
        rejects=pl.lit(about and about.rejects, pl.String),
    ).with_columns(
        (_filled(templates[which]) if which in templates else pl.lit(None, pl.String)).alias(which) for which in _TEXTS
    )
    return told.with_columns(shown).select("place", *(column.name for column in shown), "level", "rejects", *_TEXTS)


def _filled(template: str) -> pl.Expr:
    parts: list[pl.Expr] = []
    for part in _PARTS.finditer(template):
        if part["optional"] is None:
            parts += [piece.fill_null("") for piece in _pieces(part["plain"])]
        else:
            parts.append(pl.concat_str(list(_pieces(part["optional"]))).fill_null(""))
    return pl.concat_str(parts).str.strip_chars_end()


def _pieces(text: str) -> Iterator[pl.Expr]:
    for place, piece in enumerate(_HOLES.split(text)):
        if piece == "count":
            yield pl.col("count").map_batches(_written, pl.String)
        elif place % 2:
            yield pl.col(piece).cast(pl.String)
        elif piece:
            yield _in_number(piece)


def _written(counts: pl.Series) -> pl.Series:
    """Counts as people write them; both languages, as written in the United States, have commas."""
    return each_distinct(counts.cast(pl.String), lambda digits: f"{int(digits):,}")


def _in_number(text: str) -> pl.Expr:
    """A text as it stands beside a count of one, or beside any other."""
    one = _FORMS.sub(lambda form: form["one"] or "", text)
    many = _FORMS.sub(lambda form: form["ending"] or form["many"], text)
    return pl.lit(text) if one == many else pl.when(count=1).then(pl.lit(one)).otherwise(pl.lit(many))


def _column_in(language: str) -> pl.Expr:
    """Columns as a sentence says them; where one of several would do, they stand as `email or sms`."""
    between = forms_of(language).every["or"].format(before="", last="")
    return pl.col("column").str.replace(" or ", between, literal=True)


@cache
def _our_words(language: str) -> Mapping[str, str]:
    """Details that are a word of ours, in a language."""
    say = words(language)
    return {key.removeprefix("word."): say(key) for key in say.texts if key.startswith("word.")}


def _masked(
    findings: pl.DataFrame, public: Mapping[str, Kind], language: str
) -> tuple[Sequence[pl.Series], pl.DataFrame]:
    """The columns of findings without any value that might be personal, and what their sentences say instead.

    A hint that nobody may read is no hint: the sentence leaves it out. Of a file that somebody named as they liked,
    the name is shown only where it looks like one.
    """
    mark = hidden_mark(language)
    kinds: Mapping[str, Kind | None] = {**{column: public.get(column) for column in _PERSONAL}, "file": "file"}
    both = [_hidden(findings[column], kind, language, mark) for column, kind in kinds.items()]
    said = findings.with_columns(marked for _, marked in both)
    is_mask = pl.col("hint").str.ends_with(mark)
    return [shown for shown, _ in both], said.with_columns(pl.when(~is_mask).then("hint").alias("hint"))


def _hidden(texts: pl.Series, kind: Kind | None, language: str, mark: str) -> tuple[pl.Series, pl.Series]:
    """A column where each text is as its kind may be shown, and the same with a mark after what is not the text."""
    if kind is None:
        masks = _by_length(texts, language)
        return masks, masks + mark
    answer = partial(hiding.shown, kind=kind, language=language)
    return each_distinct(texts, answer), each_distinct(texts, partial(answer, mark=mark))


def _by_length(values: pl.Series, language: str) -> pl.Series:
    """Values reduced to kind and length as `masking.masked` does it, without a look at each of a million."""
    column = pl.col(values.name)
    kind = (
        pl.when(column == "")
        .then(0)
        .when(column.str.contains(r"^\p{Nd}+$"))
        .then(1)
        .when(column.str.contains(r"^\p{L}+$"))
        .then(2)
        .otherwise(3)
    )
    shapes = values.to_frame().select(column.str.len_chars() * len(_KINDS) + kind).to_series()
    if shapes.null_count() == len(shapes):
        return values
    distinct = shapes.drop_nulls().unique()
    masks = [
        told(length, _KINDS[kind], language) for length, kind in (divmod(shape, len(_KINDS)) for shape in distinct)
    ]
    return shapes.replace_strict(distinct, masks, return_dtype=pl.String)
