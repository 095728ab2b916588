"""What people read about a finding: texts by code and language, filled in a whole frame at a time.

In a text, `{value}` stands for that column of the finding, and a part in [brackets] vanishes where one of its columns
is null. `(is|are)` has a form for a count of one and one for others; `(s)` and `(es)` vanish at a count of one.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Final, cast

import polars as pl

from config.masking import Kind as MaskKind
from config.masking import hidden as hidden_mark
from config.masking import told
from config.wording import forms_of
from validators.catalogue.entries import GROUPS, Kind, entries, loaded
from validators.catalogue.hiding import shown, words
from validators.distinct import each_distinct

_PERSONAL: Final = ("value", "detail", "hint")
_TOLD: Final = (*_PERSONAL, "file", "column")
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
    rows = _masked(findings, language) if masked else _open(findings, language)
    about = pl.DataFrame(
        [(code, found.level, found.rejects) for code, found in entries().items()],
        schema={"code": pl.String, "level": pl.String, "rejects": pl.String},
        orient="row",
    )
    told = rows.with_row_index("place").join(about, on="code", how="left", maintain_order="left")
    by_code = told.partition_by("code", as_dict=True, maintain_order=True)
    parts = [_with_texts(part, str(code), language) for (code,), part in by_code.items()]
    return pl.concat(parts or [_with_texts(told, None, language)]).sort("place").drop("place")


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


def _with_texts(findings: pl.DataFrame, code: str | None, language: str) -> pl.DataFrame:
    """Findings of one code with its texts."""
    templates = texts(language).get(code, {}) if code else {}
    return findings.with_columns(
        _filled(templates[which]).alias(which) if which in templates else pl.lit(None, pl.String).alias(which)
        for which in ("message", "fix")
    ).drop(_told(column) for column in _TOLD)


def _filled(template: str) -> pl.Expr:
    parts = []
    for part in _PARTS.finditer(template):
        if part["optional"] is None:
            parts.append(pl.concat_str([piece.fill_null("") for piece in _pieces(part["plain"])]))
        else:
            parts.append(pl.concat_str(list(_pieces(part["optional"]))).fill_null(""))
    return pl.concat_str(parts).str.strip_chars_end()


def _pieces(text: str) -> Iterator[pl.Expr]:
    for place, piece in enumerate(_HOLES.split(text)):
        if piece == "count":
            yield pl.col("count").map_batches(_written, pl.String)
        elif place % 2:
            yield pl.col(_told(piece) if piece in _TOLD else piece).cast(pl.String)
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


def _told(column: str) -> str:
    """The column that holds what a sentence says of another one."""
    return f"told {column}"


def _open(findings: pl.DataFrame, language: str) -> pl.DataFrame:
    """The findings as they are, and what their sentences say: the same, and our words in the language."""
    told = {column: pl.col(column) for column in _TOLD} | {
        "detail": _detail_in(language, pl.col("detail")),
        "column": _column_in(language),
    }
    return findings.with_columns(how.alias(_told(column)) for column, how in told.items())


def _column_in(language: str) -> pl.Expr:
    """Columns as a sentence says them; where one of several would do, they stand as `email or sms`."""
    between = forms_of(language).every["or"].format(before="", last="")
    return pl.col("column").str.replace(" or ", between, literal=True)


def _detail_in(language: str, told: pl.Expr) -> pl.Expr:
    """Details, those that are a word of ours in the language."""
    codes = [code for code, about in entries().items() if about.public.get("detail") == "word"]
    known = {key.removeprefix("word."): text for key, text in words(language).texts.items() if key.startswith("word.")}
    return pl.when(pl.col("code").is_in(codes)).then(told.replace(known)).otherwise(told)


def _masked(findings: pl.DataFrame, language: str) -> pl.DataFrame:
    """The findings without any value that might be personal, and what their sentences say instead.

    A hint that nobody may read is no hint: the sentence leaves it out.
    """
    mark = hidden_mark(language)
    hidden = []
    for column in _PERSONAL:
        kinds = {code: about.public.get(column) for code, about in entries().items()}
        hidden.append(_hidden(column, kinds, language).alias(column))
        told = _hidden(column, kinds, language, mark=mark)
        is_mask = told.str.ends_with(mark)
        if column == "detail":
            told = _detail_in(language, told)
        hidden.append((pl.when(~is_mask).then(told) if column == "hint" else told).alias(_told(column)))
    hidden += [_files_shown(language).alias("file"), _files_shown(language, mark=mark).alias(_told("file"))]
    hidden.append(_column_in(language).alias(_told("column")))
    return findings.with_columns(*hidden)


def _hidden(column: str, kinds: Mapping[str, Kind | None], language: str, *, mark: str = "") -> pl.Expr:
    """A column where each text is as its kind may be shown."""
    kind = pl.col("code").replace_strict(kinds, default=None, return_dtype=pl.String)
    parts = []
    for each in {*kinds.values(), None}:
        texts_of_kind = pl.when(kind.is_null() if each is None else kind == each).then(column)
        if each is None:
            parts.append(_by_length(texts_of_kind, language, mark))
        else:
            answer = partial(shown, kind=each, language=language, mark=mark)
            parts.append(texts_of_kind.map_batches(partial(each_distinct, answer=answer), pl.String))
    return pl.coalesce(parts)


def _by_length(values: pl.Expr, language: str, mark: str) -> pl.Expr:
    """Values reduced to kind and length as `masking.masked` does it, without a look at each of a million."""
    kind = (
        pl.when(values == "")
        .then(pl.lit("empty"))
        .when(values.str.contains(r"^\p{Nd}+$"))
        .then(pl.lit("digit"))
        .when(values.str.contains(r"^\p{L}+$"))
        .then(pl.lit("letter"))
        .otherwise(pl.lit("character"))
    )
    shapes = pl.concat_str(values.str.len_chars().cast(pl.String), kind, separator=" ")
    return shapes.map_batches(partial(each_distinct, answer=partial(_mask, language=language, mark=mark)), pl.String)


def _mask(shape: str, *, language: str, mark: str) -> str:
    length, _, kind = shape.partition(" ")
    return f"{told(int(length), cast(MaskKind, kind), language)}{mark}"


def _files_shown(language: str, *, mark: str = "") -> pl.Expr:
    """Names of files; of one that somebody named as they liked only where it looks like the name of a file."""
    answer = partial(shown, kind="file", language=language, mark=mark)
    return pl.col("file").map_batches(partial(each_distinct, answer=answer), pl.String)
