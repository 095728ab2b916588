"""What real exports hold, file by file, and what comes of it (sis-deviations 2.1 to 2.3)."""

from pathlib import Path

import pytest

from config.tables import file_of
from tests.validators.reading_cases import Case, cases
from validators.reading import Reading, peek, read
from validators.tables import LINE


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_file_is_read_as_its_case_says(case: Case, tmp_path: Path) -> None:
    path = tmp_path / file_of(case.file)
    path.write_bytes(case.content)

    reading = read(path, case.file, encoding=case.encoding, headers=case.headers)

    assert found_in(reading, case) == list(case.findings)
    assert (reading.table is None) == case.refused
    if reading.table is not None:
        assert reading.facts.rows == reading.table.rows.height + reading.table.broken.height
        assert reading.table.broken.select(LINE, "code").rows() == [tuple(row) for row in case.broken]
        if case.columns is not None:
            assert reading.table.rows.columns[1:] == list(case.columns)
        if case.rows is not None:
            assert [tuple(cell or "" for cell in row) for row in reading.table.rows.rows()] == [
                tuple(row) for row in case.rows
            ]
    if case.nowhere is not None:
        assert case.nowhere.encode() in case.content
        tables = (reading.table.rows, reading.table.broken) if reading.table else ()
        assert case.nowhere not in repr([frame.rows() for frame in (reading.findings, *tables)])
    peek(path, case.file, encoding=case.encoding, headers=case.headers)


def found_in(reading: Reading, case: Case) -> list[dict[str, object]]:
    """The findings, each with the keys that the case names of it."""
    found = reading.findings.to_dicts()
    told = [*case.findings, *({"code": None} for _ in found)]
    return [{key: finding[key] for key in keys} for finding, keys in zip(found, told, strict=False)]


def test_names_of_cases_tell_them_apart() -> None:
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names)
