"""Names as they are written in the script of their own language, for the homes that give them to the school so."""

from collections.abc import Mapping
from typing import Final

from rosterdrop.generating.names import CULTURES, Culture

_EVERY: Final = 8  # one home of so many writes in its own script; elsewhere the school wrote the sounds in Latin

_WRITTEN: Final[Mapping[str, tuple[str, str]]] = {
    "zh": (
        "伟 梅 军 欣 丽 燕 浩 英 杰 兰 博 雪 睿 婷 珍 玉林 家豪 秋",
        "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 吕 欧阳 何",
    ),
    "ko": ("지우 민준 서연 하은 도윤 수아 준 유나 현 은지", "김 박 최 정 강 조 윤 장 임 오 이"),
    "ar": (
        "ليلى عمر فاطمة خالد نور حسن ياسمين طارق رانيا سمير هدى زياد أمل كريم دينا رامي",
        "المصري حداد السيد خوري ناصر أبو_بكر الهاشمي منصور صالح درويش بن_يوسف رحمن عزيز شاهين",
    ),
    "ru": (
        "Аня Дмитрий Ольга Михаил Светлана Илья Катя Борис Вера Лев Надежда Юрий",  # noqa: RUF001 - Vera looks Latin
        "Иванов Петров Соколов Волков Кузнецова Морозов Новикова Павленко Шевченко Бондаренко",
    ),
    "hi": (
        "आरव अनन्या रोहन प्रिया विहान काव्या अर्जुन मीरा ईशान दीया रवि लक्ष्मी वेंकटराघवन",
        "पटेल शर्मा सिंह कौर गुप्ता रेड्डी अय्यर दास नायर कृष्णमूर्ति चट्टोपाध्याय राव",
    ),
}
"""By language the given and the family names, in the order in which `names` has their sounds; `_` is a space."""


def _pairs(culture: Culture) -> dict[str, str]:
    given, family = (
        [name.replace("_", " ") for name in names.split()] for names in _WRITTEN.get(culture.language, ("", ""))
    )
    if not given:
        return {}
    return {
        **dict(zip(culture.given, given, strict=True)),
        **dict(zip(culture.family, family, strict=True)),
    }


_OWN: Final = {culture.language: _pairs(culture) for culture in CULTURES if culture.language in _WRITTEN}


def in_own_script(culture: Culture, home: int, name: str) -> str:
    """A name as this home writes it."""
    return _OWN.get(culture.language, {}).get(name, name) if home % _EVERY == 0 else name
