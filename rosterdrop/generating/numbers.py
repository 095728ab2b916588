"""Numbers that are given out once: IDs and telephone numbers."""

from dataclasses import dataclass
from typing import Final

_AREAS: Final = (
    *(312, 217, 309, 618, 708, 773, 815, 847, 630, 319, 515, 563, 641, 712, 608, 414, 715, 920, 262, 218, 320, 507),
    *(612, 651, 763, 952, 314, 417, 573, 636, 660, 816, 316, 620, 785, 913, 308, 402, 605, 701, 216, 330, 419, 440),
    *(513, 614, 740, 937, 219, 260, 317, 574, 765, 812, 231, 248, 269, 313, 517, 586, 616, 734, 810, 906, 989, 205),
    *(251, 256, 334, 479, 501, 870, 480, 520, 602, 623, 928, 303, 719, 720, 970, 203, 860, 302, 305, 321, 352, 386),
    *(407, 561, 727, 772, 813, 850, 863, 904, 941, 954, 229, 404, 478, 678, 706, 770, 912, 208, 270, 502, 606, 859),
    *(225, 318, 337, 504, 985, 207, 240, 301, 410, 443, 413, 508, 617, 781, 978, 228, 601, 662, 406, 505, 575, 702),
    *(775, 603, 201, 609, 732, 856, 908, 973, 252, 336, 704, 828, 910, 919, 405, 580, 918, 503, 541, 215, 412, 570),
    *(610, 717, 724, 814, 401, 803, 843, 864, 423, 615, 731, 865, 901, 931, 210, 214, 254, 281, 325, 361, 409, 432),
)
"""Area codes of the United States that have been in use for decades."""

_FICTIONAL: Final = 100  # 555-0100 to 555-0199 of every area are kept for fiction
_HUNDREDS: Final = 98  # 01 to 99 without 12
_STEP: Final = 37  # coprime to 100: neighbours do not get neighbouring numbers


def phone_number(position: int) -> str:
    """The telephone number at a position, as a SIS writes it: `312-555-0137`. They repeat after 1.7 million.

    All fictional numbers come first. A district that has used up these gets the rest of exchange 555, which telephone
    companies do not give to subscribers; 555-1212, directory assistance, is left out.
    """
    block, place = divmod(position, _FICTIONAL)
    round_, area = divmod(block, len(_AREAS))
    hundred = 1 + round_ % _HUNDREDS
    line = (hundred + (hundred >= 12)) * 100 + place * _STEP % 100
    return f"{_AREAS[area]}-555-{line:04}"


@dataclass(slots=True)
class Numbers:
    """The next free number of each kind; a district carries it from night to night."""

    student: int = 101
    guardian: int = 1
    staff: int = 1
    home: int = 1
    enrollment: int = 1
    phone: int = 0

    def student_id(self) -> str:
        """Digits with leading zeros, which spreadsheets lose (connect-behaviour 1.0)."""
        self.student += 1
        return f"{self.student - 1:06}"

    def guardian_id(self) -> str:
        """A guardian's sourcedId."""
        self.guardian += 1
        return f"g-{self.guardian - 1:06}"

    def staff_id(self) -> str:
        """A staff member's sourcedId."""
        self.staff += 1
        return f"t-{self.staff - 1:05}"

    def home_number(self) -> int:
        """The number of a family; it is in no file."""
        self.home += 1
        return self.home - 1

    def enrollment_id(self) -> str:
        """An enrollment's sourcedId."""
        self.enrollment += 1
        return f"e-{self.enrollment - 1:08}"

    def phone_number(self) -> str:
        """A telephone number that nobody else in the district has."""
        self.phone += 1
        return phone_number(self.phone - 1)
