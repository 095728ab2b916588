"""The files of the newest batch with repaired lines in their places, frozen for a new batch."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from config.home import Home
from config.loading import read_profile
from config.profiles import Reading
from config.tables import file_of
from connect_store import ledger
from connect_store.ledger import LedgerBatch, LedgerFile
from processors.frozen import Damaged, Frozen, digest, frozen_profile, intact, lend, write
from processors.repairs import Repair, mended, rejected_by, repair_in, twice
from processors.unpacking import DeliveredFile
from validators.finding import Finding


def mend(
    home: Home, newest: LedgerBatch | None, repairs: Sequence[DeliveredFile], target: Path, reading: Reading
) -> Frozen:
    """Freeze the files of the newest batch again, with what its report rejected replaced by what came back.

    Where repairs cannot be used there are no files, and the findings say why.

    Args:
        home: the installation.
        newest: the last batch that was judged by its tables, the only one that can be repaired.
        repairs: what was delivered.
        target: the folder of the new batch's files.
        reading: what the profile says of how files are read, for the repairs; of the batch its own profile says it.
    """
    if newest is None:
        return Frozen(findings=tuple(Finding(code="repair.batch_unknown", file=file.name) for file in repairs))
    rejected = rejected_by(home.batch(newest.district, newest.number) / "report")
    found = [repair_in(file, newest.number, rejected, encoding=reading.encoding) for file in repairs]
    repaired = [one for one in found if isinstance(one, Repair)]
    if refused := [one for one in found if isinstance(one, Finding)] or twice(
        [(one.delivered, one.table) for one in repaired]
    ):
        return Frozen(findings=tuple(refused))
    by_table = {repair.table: repair for repair in repaired}
    read_by = read_profile(frozen_profile(home, newest), newest.district).reading  # names what `rejected/` calls so
    try:
        files = [
            _rewritten(home, newest, file, repair, target, read_by)
            if (repair := by_table.get(file.table))
            else lend(home, newest, file, target)
            for file in newest.files
            if file.table is not None
        ]
    except Damaged:  # nobody who sends the rows again can mend that
        return Frozen(findings=tuple(_damaged(repair, newest) for repair in repaired))
    return Frozen(files=tuple(files), findings=tuple(_told(repair, newest) for repair in repaired))


def _told(repair: Repair, batch: LedgerBatch) -> Finding:
    return Finding(
        code="repair.applied", file=file_of(repair.table), detail=str(batch.number), count=repair.rows.height
    )


def _damaged(repair: Repair, batch: LedgerBatch) -> Finding:
    return Finding(code="repair.batch_damaged", file=repair.delivered.name, detail=str(batch.number))


def _rewritten(
    home: Home, batch: LedgerBatch, file: LedgerFile, repair: Repair, target: Path, reading: Reading
) -> LedgerFile:
    place = target / file.file
    headers = reading.headers_of(repair.table)
    write(place, mended(intact(home, batch, file), repair, encoding=reading.encoding, headers=headers))
    return replace(
        file,
        bytes=place.stat().st_size,
        sha256=digest(place),
        generation=repair.delivered.generation,
        arrived=ledger.stamp(repair.delivered.arrived),
        carried_from=None,
    )
