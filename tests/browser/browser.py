"""Debian's chromium, and what a report looks like in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM: Final = Path(shutil.which("chromium") or "/usr/bin/chromium")
AXE: Final = Path(".venv/clients/node_modules/axe-core/axe.min.js")
"""The rules of accessible pages, from npm (`make test-all` installs them)."""

Scheme = Literal["light", "dark"]

_AS_ROOT: Final = ["--no-sandbox"]  # chromium's own sandbox refuses to run as root, as tests in a container do


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's browser; playwright's own is never downloaded."""
    from playwright.sync_api import sync_playwright  # not there for `make test`

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=_AS_ROOT if os.geteuid() == 0 else [], timeout=120_000
        )
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1280, height: int = 900, scheme: Scheme = "light", scale: float = 1
) -> Iterator[Page]:
    """A page as somebody sees it who opened the file."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        device_scale_factor=scale,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(path.resolve().as_uri())
    yield page
    context.close()


def unfold(page: Page) -> None:
    """Open everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds: rule, impact and the first places. Its script comes past the page's policy, as a tool's does."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        {"rule": one["id"], "impact": one["impact"], "where": [node["html"][:200] for node in one["nodes"][:3]]}
        for one in found["violations"]
    ]
