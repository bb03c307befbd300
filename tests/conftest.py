"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more of what else the machine does than of us.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_LONGEST = (
    *("test_races.py", "test_story.py", "test_faults.py", "test_desk_browser.py", "test_machine.py", "test_adopt.py"),
    *("test_ask_browser.py", "test_case_browser.py", "test_pages_browser.py", "test_serve.py", "test_cli.py"),
    *("test_reference_idp.py", "test_reference_shop.py", "test_api_schema.py", "test_webhooks.py"),
)
_SBIN = ("/usr/sbin", "/usr/lib/postfix/sbin", "/sbin")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, or at the end one worker runs one of them while the others look on."""
    rank = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def require() -> Callable[..., Path]:
    """Where an external program is, the first of `names` that is there; without it the test is skipped.

    REQUIRE_ALL=1 makes a missing program a failure: in continuous integration a skip would hide a hole.
    """

    def find(*names: str) -> Path:
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN])
        for name in names:
            if found := shutil.which(name, path=path):
                return Path(found)
        reason = f"{' or '.join(names)} is not installed"
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(f"{reason}, and REQUIRE_ALL=1 forbids to skip")
        pytest.skip(f"{reason}; REQUIRE_ALL=1 would fail here")

    return find


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The tests' own server goes as a whole.

    Dropping each database first would fail on the connections of threads that a test has left.
    """
    return "ATESAKI_TESTS_SERVER" in os.environ


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """After a test with transactions of its own only what it has written goes: nothing else is Django's flush."""
    from django.test import TransactionTestCase

    from tests.tables import empty

    TransactionTestCase._fixture_teardown = lambda _: empty()


@pytest.fixture
def world(db: None, tmp_path: Path, settings: object):
    """One service, one Maildir as its next hop, on the test database (`tests.world`)."""
    from tests.world import make_world  # models may be imported only once Django is set up

    return make_world(tmp_path, settings)
