"""Shared by all tests: double precision and a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import jax
import matplotlib
import pytest
from playwright.sync_api import Browser, sync_playwright

jax.config.update("jax_enable_x64", True)
matplotlib.use("Agg")

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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium. Without one the test is skipped, or fails where BOOK_REQUIRE_BROWSER is set."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            (pytest.fail if os.environ.get("BOOK_REQUIRE_BROWSER") else pytest.skip)(INSTALL)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured (their `record_property`), so that it stands in the log of a green run."""
    measured = [
        f"{report.nodeid.rsplit('::', 1)[-1]}: {name} = {value}"
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, value in getattr(report, "user_properties", ())
    ]
    if measured:
        terminalreporter.section("measured")
        for line in measured:
            terminalreporter.line(line)
