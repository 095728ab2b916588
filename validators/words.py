"""The words of a row that could not be read: each may be the ID of a record that must stay as it was."""

from typing import Final

import polars as pl

from validators.tables import LINE

_BETWEEN: Final = r'[,;\t|"\r]'
_NO_IDS: Final = (
    "active", "tobedeleted", "true", "false",
    "student", "parent", "guardian", "relative", "teacher", "aide", "proctor", "administrator",
)  # fmt: skip
_NO_WORDS: Final = pl.DataFrame(schema={LINE: pl.UInt32, "piece": pl.UInt32, "word": pl.String})
_MANY: Final = 40  # no file of ours has half as many columns: more words on a line are no row


def words_of(broken: pl.DataFrame) -> pl.DataFrame:
    """`line`, `piece` and `word`, one row for each different word on one physical line of an unreadable row.

    Args:
        broken: `line`, `raw`.
    """
    if broken.is_empty():
        return _NO_WORDS
    return (
        broken.lazy()
        .select(LINE, raw=pl.col("raw").str.split("\n"))
        .explode("raw")
        .with_row_index("piece")
        .select(LINE, "piece", word=pl.col("raw").str.replace_all(_BETWEEN, ",").str.split(","))
        .explode("word")
        .with_columns(pl.col("word").str.strip_chars())
        .filter(pl.col("word") != "", ~pl.col("word").str.to_lowercase().is_in(_NO_IDS))
        .unique(maintain_order=True)
        .collect()
    )


def pairs_of(words: pl.DataFrame, first: str, second: str) -> pl.DataFrame:
    """Every pair that a line's words may be, as columns `first` and `second`.

    A line of very many words gives each word with null beside it: whatever it is paired with.
    """
    counted = words.with_columns(many=pl.len().over("piece") > _MANY)
    few = counted.filter(~pl.col("many")).select("piece", "word")
    pairs = few.join(few, on="piece", suffix="_2").filter(pl.col("word") != pl.col("word_2"))
    lone = counted.filter("many")
    return pl.concat(
        [
            pairs.select(pl.col("word").alias(first), pl.col("word_2").alias(second)),
            lone.select(pl.col("word").alias(first)),
            lone.select(pl.col("word").alias(second)),
        ],
        how="diagonal",
    ).unique()
