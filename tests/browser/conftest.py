"""Real Chromium, asked by Playwright. Skipped where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = os.environ.get("WAYMARK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {1440: (1440, 900), 390: (390, 844)}
# Pictures of what the tests saw, for people; written only when asked for.
PICTURES = os.environ.get("WAYMARK_PICTURES", "")


@dataclass
class Window:
    """A tab and what went wrong in it."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def hears(self, message: ConsoleMessage) -> None:
        # Chromium itself reports a page that answers 4xx; those are asked for on purpose.
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def sees(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.strangers.append(request.url)

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.address}{path}")
        return self.page

    def sign_in(self, email: str, password: str) -> Page:
        """Through the page every person signs in on; ends where that leads."""
        self.page.goto(f"{self.address}/portal/login/")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_load_state()
        return self.page

    def must_be_sound(self, name: str) -> None:
        """One h1, no sideways scroll, nothing complained of, nobody else asked."""
        # A click that leads to another page comes back before the page is there.
        self.page.wait_for_load_state()
        self.page.locator("h1").first.wait_for(state="attached")
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
        width = "document.scrollingElement.scrollWidth - window.innerWidth"
        found = (
            self.page.locator("h1").count(), max(0, self.page.evaluate(width)), self.complaints, self.strangers,
        )  # fmt: skip
        assert found == (1, 0, [], []), name


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    # Playwright runs an event loop in this thread, and Django would take the tests for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser, live_server: object) -> Iterator[Callable[..., Window]]:
    """`window(390, dark=True)`: a new tab of that width at the live server."""
    contexts: list[BrowserContext] = []

    def make(width: int = 1440, *, dark: bool = False, scripts: bool = True) -> Window:
        across, down = SIZES[width]
        context = chromium.new_context(
            viewport={"width": across, "height": down}, color_scheme="dark" if dark else "light",
            java_script_enabled=scripts, reduced_motion="reduce", locale="en-GB", has_touch=width < 600,
        )  # fmt: skip
        contexts.append(context)
        made = Window(context.new_page(), str(live_server))
        made.page.on("console", made.hears)
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.on("request", made.sees)
        return made

    yield make
    for context in contexts:
        context.close()
