"""The languages in which people read what the service says."""

from typing import Final

LANGUAGES: Final = ("en", "es")
"""Another one is its code here and a folder `validators/catalogue/texts/<code>/` with the same codes; tests say what is
missing there."""
