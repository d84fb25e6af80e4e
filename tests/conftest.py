"""Shared by all tests: double precision, one browser for those that drive it, and what they measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import jax
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

jax.config.update("jax_enable_x64", True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium, one for all tests of a process."""
    from tests.browser import launched  # here, since curvlib's tests run without playwright

    with launched() as browser:
        yield browser


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
