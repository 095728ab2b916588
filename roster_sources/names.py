"""Names that come as one text."""

import polars as pl


def with_names(contacts: pl.DataFrame) -> pl.DataFrame:
    """People with `given` and `family`, from `first` and `last`; without a first name the last one is the whole name.

    Source: clever-classlink A4, A8.
    """
    whole, first = pl.col("last").str.strip_chars(), pl.col("first").replace("", None)
    comma, words = (
        whole.str.contains(",", literal=True),
        whole.str.split(" ").list.eval(pl.element().filter(pl.element() != "")),
    )
    family = (
        pl.when(first.is_not_null())
        .then(whole)
        .when(comma)
        .then(whole.str.split_exact(",", 1).struct.field("field_0").str.strip_chars())
        .otherwise(words.list.last())
    )
    given = (
        pl.when(first.is_not_null())
        .then(first)
        .when(comma)
        .then(whole.str.splitn(",", 2).struct.field("field_1").str.strip_chars())
        .otherwise(words.list.head(words.list.len() - 1).list.join(" "))
    )
    return contacts.with_columns(family=family, given=given)
