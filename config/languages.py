"""The languages in which people read what the service says."""

from typing import Final

LANGUAGES: Final = ("en", "es")
"""Another one is its code here, `config/forms/<code>.toml`, the folder `validators/catalogue/texts/<code>/`,
`processors/reporting/texts/<code>.toml`, each with the same codes and keys; tests say what is missing there."""

DEFAULT: Final = "en"
