"""README.txt of a folder of reports: what is in here, for a person."""

from typing import Final

_OPENING: Final = """\
Reports of rosterdrop
=====================

Each time a set of roster files has been received, its report comes into this
folder. Nothing in here can be changed or removed by you; you need not tidy up.
"""

_TEST: Final = """
These are the reports of test/. Files that you put into test/ are judged and
reported like all others, but they are never applied.
"""

_FILES: Final = """
latest.html  latest.txt  latest.json
    the newest report: for a browser, for a terminal, for a program
2026-11-24-batch-42/
    one folder for each set of files, named after the day and its number
    report.html  report.txt  report.json
        what was accepted, rejected and set aside, and what to do first
    findings.csv
        everything that was found, one line each, none left out
"""

_REJECTED: Final = """\
    rejected/users.csv and others
        the rows that were left out, as they came, with batch, line and reason
        before them. Repair them in your system and send the file again. A
        leading ' in a cell only keeps a spreadsheet from calculating.
"""

_MORE: Final = """\
2026-11-24-incomplete/
    what was still missing when the set should have been complete, or what
    did not agree with the manifest that came with it
receipts/
    one line for each file that arrived: its size, its SHA-256, its rows; or
    after how many bytes the upload broke off
"""

_MASKED: Final = """
Values of the files are hidden in these reports: only their kind and length is
shown. The district's own reports show them.
"""

_OPEN: Final = """
These reports hold values of the files, which are about real people. Treat them
like the files themselves. Open CSV files in a text editor when you look for
leading zeros or hidden characters: spreadsheets do not show them.
"""


def readme(*, masked: bool, test: bool) -> str:
    """The text for one folder of reports."""
    about = _TEST if test else ""
    return "".join((_OPENING, about, _FILES, "" if masked else _REJECTED, _MORE, _MASKED if masked else _OPEN))
