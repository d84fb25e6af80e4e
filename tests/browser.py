"""The browser that tests drive: a Chromium or Chrome that is installed already."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

# The first that is there. The headless shell is Chromium without a window's own work.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
MACOS_BROWSER = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL = (
    "no Chromium found; install one: `apt-get install chromium`, or `.venv/bin/playwright install chromium`"
)


def find_chromium(playwrights_own: str) -> str | None:
    """Path of a Chromium or Chrome: $BOOK_CHROMIUM, one on the PATH, or the one that playwright installed."""
    named = (os.environ.get("BOOK_CHROMIUM"), *(shutil.which(name) for name in BROWSERS))
    return next((p for p in (*named, MACOS_BROWSER, playwrights_own) if p and Path(p).exists()), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless Chromium. Without one the test is skipped, or fails where BOOK_REQUIRE_BROWSER is set."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            (pytest.fail if os.environ.get("BOOK_REQUIRE_BROWSER") else pytest.skip)(INSTALL)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
