"""Asking a library about values: once for each distinct one, never row by row."""

from collections.abc import Callable, Sequence

import polars as pl


def each_distinct(
    values: pl.Series, answer: Callable[[str], object], returns: type[pl.DataType] = pl.String
) -> pl.Series:
    """The answer for every value, asked once for each distinct one; null stays null."""
    if values.null_count() == len(values):
        return pl.repeat(None, len(values), dtype=returns, eager=True).alias(values.name)
    questions = values.drop_nulls().unique()
    answers = pl.Series([answer(question) for question in questions], dtype=returns)
    if returns == pl.String and answers.equals(questions):  # ordinary files: every value is as it should be
        return values
    return values.replace_strict(questions, answers, default=None, return_dtype=returns)


def with_others(
    texts: pl.Series, ordinary: pl.Series, plain: pl.Series, other: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """What `plain` says of the ordinary texts, and `other` of the rest, which hardly any file has; null stays null.

    Args:
        texts: as they are.
        ordinary: which of them a pattern knows; null where there is none.
        plain: an answer for each text, which counts for the ordinary ones.
        other: answers for the texts that it is given.
    """
    places = (~ordinary).arg_true()
    return plain if places.is_empty() else plain.clone().scatter(places, other(texts.gather(places)))


def all_differ(keys: pl.Series) -> bool:
    """Whether no key is missing or there twice, by hash: half a million take 0.06 s, and by text 0.4 s."""
    return not keys.null_count() and keys.hash().n_unique() == keys.len()


def maybe_shared(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Every row whose keys another row has too, and seldom one more: rows with equal keys hash alike."""
    hashes = rows.select(pl.struct(keys).hash() if len(keys) > 1 else pl.col(*keys).hash()).to_series()
    return rows.clear() if hashes.n_unique() == hashes.len() else rows.filter(hashes.is_duplicated())
