"""The tests' installation: a home and a database of their own, outside the checkout, gone when they end.

Started once, by the process that runs first; xdist's workers inherit both through the environment.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

# What an operator's shell may hold must not reach the tests: they would mail through it.
if "ATESAKI_TESTS_OF" not in os.environ:
    for _name in [name for name in os.environ if name.startswith("ATESAKI_") or name == "PROMETHEUS_MULTIPROC_DIR"]:
        del os.environ[_name]
    _home = Path(tempfile.mkdtemp(prefix="atesaki-tests-"))
    # No thread of a program under test learns while the tests empty the tables beneath it.
    os.environ.update(ATESAKI_TESTS_OF=str(os.getpid()), ATESAKI_HOME=str(_home), ATESAKI_LEARN_EVERY="0")
    atexit.register(shutil.rmtree, _home, ignore_errors=True)
    # pytest ends in order on Ctrl-C; a runner that stops it sends SIGTERM, which would leave all behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not os.environ.get("DATABASE_URL"):
        from atesaki.site import postgres

        # `with_parent`: not even kill -9 of the tests leaves a server behind.
        _server = postgres.start(_home, with_parent=True, durable=False)
        os.environ.update(DATABASE_URL=_server.url, ATESAKI_TESTS_SERVER="1")
        atexit.register(_server.leave)  # before the home goes: last in, first out

from atesaki.site.settings import *  # noqa: F403
from atesaki.site.settings import DATABASES

# Connections of a pool outlive the thread and the test that asked for them, and then keep the database from
# being dropped. `test_serve` and the doors' tests run the programs as they are, pool and all.
DATABASES["default"]["OPTIONS"].pop("pool", None)

# To slow a guess down is the purpose of a password's hash; of a thousand sign-ins in the tests it is none.
PASSWORD_HASHERS = ["tests.passwords.Quick"]
