"""The pictures of the docs, taken from a real report: `python -m tests.browser.pictures`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from tests.browser.browser import chromium, opened
from tests.browser.nights import District

if TYPE_CHECKING:
    from playwright.sync_api import Page

DOCS: Final = Path("docs")

_STUDENTS: Final = 1_500


def take(report: Path, docs: Path) -> None:
    """The page on a desk, the same on a phone, and in the dark a finding that was opened and the charts."""
    with chromium() as browser:
        with opened(browser, report, width=1000, height=1560) as page:
            page.screenshot(path=docs / "report.png")
        with opened(browser, report, width=390, height=844, scale=2) as page:
            page.screenshot(path=docs / "report-phone.png")
        with opened(browser, report, width=1000, height=820, scheme="dark") as page:
            page.locator("details.finding").first.evaluate("each => { each.open = true }")
            _shot(page, "details", docs / "report-finding.png")
            _shot(page, "files", docs / "report-charts.png")


def _shot(page: Page, part: str, path: Path) -> None:
    page.locator(f"#{part}").evaluate("each => each.scrollIntoView()")
    page.screenshot(path=path)


def main() -> None:
    """A district of fifteen hundred students after a night with every kind of fault."""
    with TemporaryDirectory() as folder:
        district = District(Path(folder), students=_STUDENTS)
        district.takes(district.night(1), "accepted")
        night = district.takes(district.night(2), "accepted_with_rejections")
        take(night / "report.html", DOCS)


if __name__ == "__main__":
    main()
