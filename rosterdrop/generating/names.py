"""Names for people who do not exist: common given and family names of many cultures, put together by chance."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rosterdrop.generating.chance import Dice


@dataclass(frozen=True, slots=True, kw_only=True)
class Culture:
    """Where a family's names come from, and the language that its guardians may ask to be written in."""

    share: float
    language: str
    speaks_it: float  # share of the homes that ask for this language, the others for English
    given: tuple[str, ...]
    family: tuple[str, ...]
    double: float = 0.0  # share of the families that carry two names
    joined_by: str = " "


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.split(","))


CULTURES: Final[tuple[Culture, ...]] = (
    Culture(
        share=0.31,
        language="en",
        speaks_it=1.0,
        given=_words(
            "Emma Noah Olivia Liam Ava Mason Sophia Lucas Grace Henry Chloe Owen Ella Jack Nora Wyatt Lily Caleb Hazel"
            " Eli Ruby Isaac Violet Levi Alice Miles Clara Jude Ivy Cole Mary-Kate Jo-Ann DeShawn McKenna LaToya"
            " D'Andre"
        ),
        family=_phrases(
            "Smith, Johnson, Miller, Davis, Wilson, Anderson, Taylor, Moore, Martin, Thompson, White, Harris, Clark,"
            " Lewis, Walker, Hall, Young, Allen, King, Wright, Hill, Green, Baker, Nelson, Carter, Mitchell, Turner,"
            " Parker, McDonald, Fitzgerald, Van Buren, St. James, Washington, Jefferson, Banks, Underwood"
        ),
        double=0.05,
        joined_by="-",
    ),
    Culture(
        share=0.24,
        language="es",
        speaks_it=0.62,
        given=_phrases(
            "Sofía, Mateo, Valentina, Santiago, Camila, Diego, Lucía, José, Ximena, Ángel, Renata, Andrés, Inés, Raúl,"
            " María José, Juan Pablo, Itzel, Joaquín, Paloma, Óscar, Guadalupe, Íñigo, Ana, Luis, Begoña, Martín,"
            " Noemí, Adrián, Zoé, Agustín"
        ),
        family=_phrases(
            "García, Rodríguez, Martínez, Hernández, López, González, Pérez, Sánchez, Ramírez, Torres, Flores, Rivera,"
            " Gómez, Díaz, Reyes, Cruz, Morales, Ortiz, Gutiérrez, Chávez, Ramos, Ruiz, Álvarez, Mendoza, Vásquez,"
            " Castillo, Jiménez, Muñoz, Peña, de la Cruz, de los Santos, Ibáñez, Núñez, Quiñones, Zúñiga, Yáñez"
        ),
        double=0.45,
    ),
    Culture(
        share=0.05,
        language="vi",
        speaks_it=0.5,
        given=_words("Minh Linh Tuấn Hương Đức Thảo Khánh Ngọc Bảo Trang Quân Mai An Phúc Hạnh Duy Thủy Vy"),
        family=_words("Nguyễn Trần Lê Phạm Huỳnh Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý"),
    ),
    Culture(
        share=0.05,
        language="zh",
        speaks_it=0.5,
        given=_words("Wei Mei Jun Xin Li Yan Hao Ying Jie Lan Bo Xue Rui Ting Zhen Yu-Lin Jia-Hao Qiu"),
        family=_words("Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Lü Ou-Yang Ho"),
    ),
    Culture(
        share=0.04,
        language="so",
        speaks_it=0.6,
        given=_words("Abdi Hodan Ayaan Ifrah Liban Sahra Guled Hibaq Yusuf Amina Warsame Deqa Nuur Fadumo Bilal Idil"),
        family=_words("Hassan Ali Mohamed Farah Warsame Abdi Jama Omar Yusuf Ibrahim Nur Adan Osman Sheikh-Ahmed"),
    ),
    Culture(
        share=0.05,
        language="ar",
        speaks_it=0.5,
        given=_words("Layla Omar Fatima Khalid Noor Hassan Yasmin Tariq Rania Samir Huda Ziad Amal Karim Dina Rami"),
        family=_phrases(
            "Al-Masri, Haddad, El-Sayed, Khoury, Nasser, Abu Bakr, Al-Hashimi, Mansour, Saleh, Darwish, Bin Yousef,"
            " Rahman, Aziz, Shaheen"
        ),
    ),
    Culture(
        share=0.02,
        language="ht",
        speaks_it=0.5,
        given=_words("Jean-Baptiste Mirlande Wilner Rose-Marie Frantz Guerda Emmanuel Nadège Stévenson Islande"),
        family=_words("Pierre Jean Charles Joseph Saint-Louis Désir Baptiste Toussaint Étienne Jean-Louis Noël"),
    ),
    Culture(
        share=0.03,
        language="pt",
        speaks_it=0.45,
        given=_words("João Beatriz Tiago Inês Luís Conceição Gonçalo Letícia Caio Antônia Vitória Estêvão"),
        family=_phrases("Silva, Souza, da Costa, Araújo, Gonçalves, Magalhães, dos Santos, Simões, Brandão, Assunção"),
        double=0.3,
    ),
    Culture(
        share=0.03,
        language="ru",
        speaks_it=0.4,
        given=_words("Anya Dmitri Olga Mikhail Svetlana Ilya Katya Boris Vera Lev Nadezhda Yuri"),
        family=_words("Ivanov Petrov Sokolov Volkov Kuznetsova Morozov Novikova Pavlenko Shevchenko Bondarenko"),
    ),
    Culture(
        share=0.03,
        language="pl",
        speaks_it=0.3,
        given=_words("Łukasz Małgorzata Paweł Zofia Jędrzej Agnieszka Michał Żaneta Stanisław Róża"),
        family=_words("Wójcik Kowalczyk Zieliński Dąbrowska Łuczak Szczęsny Źródlak Brzęczyszczykiewicz Żak"),
    ),
    Culture(
        share=0.03,
        language="ko",
        speaks_it=0.4,
        given=_words("Ji-woo Min-jun Seo-yeon Ha-eun Do-yun Soo-ah Joon Yuna Hyun Eun-ji"),
        family=_words("Kim Park Choi Jung Kang Cho Yoon Jang Lim O Yi"),
    ),
    Culture(
        share=0.02,
        language="tl",
        speaks_it=0.3,
        given=_words("Liwayway Bayani Rosario Jericho Marisol Dalisay Crisanto Amihan Ligaya Benigno"),
        family=_phrases("Bautista, Dela Cruz, Macaraeg, Dimaculangan, Pangilinan, Salonga, Batungbakal, Manalo"),
    ),
    Culture(
        share=0.04,
        language="hi",
        speaks_it=0.2,
        given=_words("Aarav Ananya Rohan Priya Vihaan Kavya Arjun Meera Ishaan Diya Ravi Lakshmi Venkataraghavan"),
        family=_words("Patel Sharma Singh Kaur Gupta Reddy Iyer Das Nair Krishnamurthy Chattopadhyay Rao"),
    ),
    Culture(
        share=0.03,
        language="fr",
        speaks_it=0.35,
        given=_words("Aïcha Léo Chloé Mamadou Zoë Kouassi Hélène Ousmane Maëlle Adjoa François Ngozi Chiamaka"),
        family=_phrases("N'Diaye, Traoré, Bâ, Koné, Lefèvre, d'Almeida, Okonkwo, Adeyemi, Mensah, Côté, L'Heureux"),
    ),
    Culture(
        share=0.03,
        language="en",
        speaks_it=1.0,
        given=_words(
            "Ke\u02bbalohi Nizhoni Kai Makana Aiyana Søren Åsa Jürgen Ingrid Siobhán Pádraig Niamh Þóra Björn Eirlys"
        ),
        family=_phrases(
            "Kealoha, Begay, Tsosie, Ka\u02bbanā\u02bbanā, O'Brien, O\u2019Connor, Ó Súilléabháin, Ødegård, Björklund,"
            " Müller, von Trapp, van der Berg, D'Angelo, Þorsteinsdóttir, Llewellyn, Yazzie"
        ),
    ),
)

_BY_SHARE: Final = tuple((culture, culture.share) for culture in CULTURES)

_ODD_GIVEN: Final = (
    "O",
    "J.",
    "Y",
    "Xóchitl-Guadalupe de los Ángeles",
    "Wolfeschlegelsteinhausenbergerdorff-Alexandra",
)
_ODD_FAMILY: Final = (
    "E",
    "Q",
    "O'Brien-Núñez III",
    "Lee Jr.",
    "Montgomery-Featherstonehaugh de la Torre y Villanueva-Bourbon",
    "Keihanaikukauakahihuliheekahaunaele",
    "Null",
    "True",
    "Montgomery-Featherstonehaugh-Wriothesley-Cholmondeley-Vane-Tempest-Stewart-Smith",
)
"""Names that software trips over; one person in 400 carries one (sis-deviations 2.8, the names museum)."""
_ODD_SHARE: Final = 0.0025

# Letters that Unicode does not take apart into a plain one and an accent.
_PLAIN: Final = str.maketrans({"đ": "d", "ł": "l", "ø": "o", "þ": "th", "æ": "ae", "ß": "ss", "\u0131": "i"})


def a_culture(dice: Dice) -> Culture:
    """The culture of a home, as often as it occurs."""
    return dice.weighed(_BY_SHARE)


def given_name(dice: Dice, culture: Culture) -> str:
    """A given name, rarely one that software trips over."""
    return dice.pick(_ODD_GIVEN if dice.chance(_ODD_SHARE) else culture.given)


def family_name(dice: Dice, culture: Culture) -> str:
    """A family name, sometimes a double one, rarely one that software trips over."""
    if dice.chance(_ODD_SHARE):
        return dice.pick(_ODD_FAMILY)
    name = dice.pick(culture.family)
    return name + culture.joined_by + dice.pick(culture.family) if dice.chance(culture.double) else name


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name in the letters of an e-mail address: `Núñez-O'Brien` is `nunezobrien`."""
    letters = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())[:24]
