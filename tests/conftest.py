"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

_LONGEST = ("test_faults.py", "test_machine.py", "test_pages_browser.py", "test_serve.py", "test_cli.py")
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


@pytest.fixture(autouse=True)
def no_jobs_left(request: pytest.FixtureRequest):
    """Takes away the jobs that a test with real transactions has left: their table is not Django's to empty."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" not in request.fixturenames and not (marker and marker.kwargs.get("transaction")):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def world(db: None, tmp_path: Path, settings: object):
    """One service, one Maildir as its next hop, on the test database (`tests.world`)."""
    from tests.world import make_world  # models may be imported only once Django is set up

    return make_world(tmp_path, settings)
