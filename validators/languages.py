"""Languages as Connect's codes: what systems export beside BCP 47 becomes `en`, `es`, `es-MX`."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Two-letter code: its ISO 639-2 codes, then its names; the languages that school districts print letters in.
_TABLE: Final = """
am amh amharic
ar ara arabic
bn ben bengali bangla
bs bos bosnian
my bur mya burmese
zh chi zho chinese mandarin cantonese
hr hrv croatian
cs cze ces czech
da dan danish
nl dut nld dutch
en eng english
fa per fas farsi persian
fi fin finnish
fr fre fra french
de ger deu german
el gre ell greek
gu guj gujarati
ht hat haitian haitian-creole creole
he heb hebrew
hi hin hindi
hu hun hungarian
id ind indonesian
it ita italian
ja jpn japanese
km khm khmer cambodian
ko kor korean
ku kur kurdish
lo lao laotian
ne nep nepali
no nor norwegian
pl pol polish
ps pus pashto
pa pan punjabi panjabi
pt por portuguese
ro rum ron romanian
ru rus russian
sr srp serbian
so som somali
es spa spanish español espanol castilian
sw swa swahili
sv swe swedish
tl tgl tagalog filipino
ta tam tamil
te tel telugu
th tha thai
ti tir tigrinya
tr tur turkish
uk ukr ukrainian
ur urd urdu
uz uzb uzbek
vi vie vietnamese
yo yor yoruba
"""
CODES: Final[Mapping[str, str]] = MappingProxyType(
    {word: line.split()[0] for line in _TABLE.strip().splitlines() for word in line.split()}
)
_TAG: Final = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)


def as_code(text: str) -> str:
    """The code of a language however it is written; what is none of these stays as it stands."""
    folded = text.casefold()
    if named := CODES.get("-".join(folded.split())):
        return named
    if not (tag := _TAG.fullmatch(text)):
        return text
    language, script, region = tag.groups(default="")
    language = language.lower()
    parts = (CODES.get(language, language), script.capitalize(), region.upper())
    return "-".join(part for part in parts if part)
