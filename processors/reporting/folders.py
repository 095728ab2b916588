"""How the folders of reports are called in a drop."""

from datetime import datetime
from zoneinfo import ZoneInfo


def folder_name(at: datetime, time_zone: str, what: str) -> str:
    """Name of a report's folder in the drop, dated in the district's time zone: `2026-11-24-batch-42`."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d}-{what}"
