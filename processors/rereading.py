"""The frozen files of a batch: read, and once it has its verdict, judged again as they were then."""

from dataclasses import replace

from config.home import Home
from config.loading import read_profile
from config.profiles import Profile
from connect_store.ledger import LedgerBatch
from connect_store.store import Store
from processors import frozen
from processors.contexts import Context, context_of
from processors.file_sets import FileSet, SetFile, judge_set, read_set
from processors.nights import night_in
from validators import Judgement


def read_again(home: Home, store: Store, batch: LedgerBatch) -> tuple[FileSet, Judgement]:
    """The files of a batch that has its verdict, and what became of every row, as it was then."""
    return judged_again(home, batch, context_in(home, store, batch))


def judged_again(home: Home, batch: LedgerBatch, context: Context) -> tuple[FileSet, Judgement]:
    """The same, by what the batch was judged by."""
    files = read_frozen(home, batch, context.profile)
    return files, judge_set(files, context.profile, replace(context.known, night=night_in(home, batch)))


def context_in(home: Home, store: Store, batch: LedgerBatch) -> Context:
    """The profile in force for a batch, and what the store knew when it was judged."""
    return context_of(home, store, batch, read_profile(frozen.frozen_profile(home, batch), batch.district))


def read_frozen(home: Home, batch: LedgerBatch, profile: Profile) -> FileSet:
    """The tables of a batch.

    Raises:
        Damaged: a file is not what was frozen.
    """
    files = [
        SetFile(
            path=frozen.intact(home, batch, file),
            file=file.file,
            table=file.table,
            sha256=file.sha256,
            carried_from=file.carried_from,
        )
        for file in batch.files
        if file.table
    ]
    return read_set(files, profile, frozen.found_in(home, batch))
