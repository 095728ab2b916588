"""Which districts a home has, and what can be known of one without judging its whole profile."""

from pathlib import Path

from config.home import Home
from config.ids import is_id
from config.mistakes import InvalidConfig, Mistake, UnknownDistrict
from config.toml import parse


def require_district(home: Home, district: str) -> Path:
    """The file of a district's profile, whether it is valid or not.

    Raises:
        UnknownDistrict: there is none.
    """
    file = home.profile_file(district)
    if not is_id(district) or not file.is_file():
        raise UnknownDistrict(district, district_ids(home))
    return file


def district_ids(home: Home) -> list[str]:
    """The districts that have a profile, whether it is valid or not."""
    return [file.stem for file in profile_files(home) if is_id(file.stem)]


def profile_files(home: Home) -> list[Path]:
    """The files of all profiles, in order; editors' hidden files are none."""
    return sorted(file for file in home.profiles.glob("*.toml") if not file.name.startswith("."))


def time_zone_in(profile: Path) -> str:
    """The name of the time zone that a valid profile names, such as the one that is frozen with a batch.

    Raises:
        InvalidConfig: it is no TOML, or names none.
        OSError: it cannot be read.
    """
    time_zone = parse(profile.read_bytes(), profile.name).get("time_zone")
    if not isinstance(time_zone, str):
        raise InvalidConfig([Mistake(file=profile.name, key="time_zone", says="it is missing")])
    return time_zone
