"""Columns of a table that was made of other files: where each row stood in what was sent."""

from typing import Final

FILE: Final = "metadata.sent_file"
LINE: Final = "metadata.sent_line"
ORIGIN: Final = (FILE, LINE)
"""In the form in which OneRoster lets a file have columns of its own."""
