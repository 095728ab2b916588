"""What a school office needs of the page, whatever it tells: opened on an office PC, on a phone, aloud and on paper."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.browser import AXE, CHROMIUM, Scheme, opened, unfold, violations
from tests.browser.nights import KINDS
from tests.peers.serving import needs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.system, needs(CHROMIUM, "chromium"), needs(AXE, "axe-core")]

Pages = Mapping[str, Path]

every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_the_page_asks_for_nothing_and_says_nothing_to_the_console(browser: Browser, pages: Pages, kind: str) -> None:
    heard: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("request", lambda request: heard.append(request.url) if not request.is_navigation_request() else None)

    page.goto(pages[kind].as_uri())
    unfold(page)
    context.close()

    assert heard == []


@every_kind
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, pages: Pages, kind: str, scheme: Scheme) -> None:
    with opened(browser, pages[kind], scheme=scheme) as page:
        unfold(page)
        wide = violations(page)
        page.set_viewport_size({"width": 360, "height": 740})
        assert wide + violations(page) == []


@every_kind
def test_nothing_is_scrolled_sideways_on_the_narrowest_phone(browser: Browser, pages: Pages, kind: str) -> None:
    with opened(browser, pages[kind], width=320, height=640) as page:
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 320


CLIPPED: str = """
[...document.querySelectorAll('td, th, caption')]
    .filter(cell => cell.checkVisibility() && !cell.closest('thead'))
    .filter(cell => {
        const place = cell.getBoundingClientRect();
        return cell.scrollWidth > cell.clientWidth + 1 || place.left < 0 || place.right > innerWidth + 0.5;
    })
    .map(cell => cell.textContent.trim().slice(0, 80))
"""
"""Cells whose text is cut, or stands where a phone shows it only after scrolling."""


@every_kind
@pytest.mark.parametrize("width", [320, 360, 380])
def test_no_cell_is_cut_on_a_phone(browser: Browser, pages: Pages, kind: str, width: int) -> None:
    with opened(browser, pages[kind], width=width, height=740) as page:
        unfold(page)
        assert page.evaluate(CLIPPED) == []


@every_kind
def test_the_keyboard_reaches_every_control_in_turn_and_shows_where_it_is(
    browser: Browser, pages: Pages, kind: str
) -> None:
    with opened(browser, pages[kind]) as page:
        controls = page.evaluate(
            "[...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')]"
            ".filter(each => each.checkVisibility()).map((each, number) => each.dataset.turn = String(number))"
        )
        for control in controls:
            page.keyboard.press("Tab")
            turn, outline = _focus(page)
            assert turn == control
            assert outline > 0


def _focus(page: Page) -> tuple[str, float]:
    turn, outline = page.evaluate(
        "(() => { const at = document.activeElement, style = getComputedStyle(at);"
        " return [at.dataset.turn, style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth)] })()"
    )
    return turn, outline


def test_a_folded_finding_opens_by_keyboard_and_by_a_link_to_it(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["bad night"]) as page:
        summary = page.locator("details.finding > summary").first
        summary.focus()
        page.keyboard.press("Enter")
        assert page.locator("details.finding").first.get_attribute("open") is not None

    with opened(browser, pages["bad night"]) as page:
        page.goto(f"{page.url}#users.user.role.unknown")
        assert page.locator("dl[id='users.user.role.unknown']").is_visible()


@every_kind
def test_on_paper_everything_is_open_and_the_page_is_black_on_white(browser: Browser, pages: Pages, kind: str) -> None:
    with opened(browser, pages[kind], scheme="dark") as page:
        page.emulate_media(media="print")
        findings = page.locator("details.finding > dl")
        assert all(findings.nth(place).is_visible() for place in range(findings.count()))
        colours = page.evaluate(
            "(() => { const style = getComputedStyle(document.body); return [style.backgroundColor, style.color] })()"
        )
        assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        assert page.pdf().startswith(b"%PDF-")


def test_the_skip_link_leads_past_the_parts(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["accepted"]) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_nothing_moves_for_those_who_asked_for_that(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["bad night"]) as page:
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        assert page.evaluate("document.getAnimations().length") == 0
