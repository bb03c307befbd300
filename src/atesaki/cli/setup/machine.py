"""The machine that we run on: keys, secrets, clock, disks, certificate, backups."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from .finding import Finding, production

_ROOM_WRONG, _ROOM_WARN = 200 * 2**20, 2 * 2**30
_BACKUP_LATE = timedelta(hours=26)  # a daily one, and two hours for it to take


def keys() -> Iterator[Finding]:
    from atesaki import keys

    file = keys.path()
    if not file.exists():
        state = "wrong" if production() else "warn"
        yield Finding("keys", state, f"{file} is missing", "restore it from the backup; a new one: `atesaki keys new`")
        return
    keys.ring()  # raises what is wrong with it
    if file.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding("keys", "wrong", f"others may replace {file}", f"chmod go-w {file.parent}")
        return
    yield Finding("keys", "ok", f"{file} is private and whole")


def clock() -> Iterator[Finding]:
    from atesaki import clock

    shift = clock.offset()
    if shift:
        yield Finding("clock", "warn", f"shifted by {shift}", "unset ATESAKI_NOW_OFFSET unless this is a test")
    else:
        yield Finding("clock", "ok", "not shifted")


def secret_settings() -> Iterator[Finding]:
    """Each secret setting: whether it can be read, and by whom."""
    from atesaki import environment

    for name in environment.SECRETS:
        try:
            file = environment.secret_file(name)
            if file is None:
                continue
            environment.secret(name)
        except environment.SettingError as error:
            says, _, mend = str(error).rstrip(".").partition(": ")
            yield Finding("secrets", "wrong", says, mend)
            continue
        if file.stat().st_mode & stat.S_IROTH:
            yield Finding("secrets", "warn", f"{file} can be read by everybody", f"chmod o-rwx {file}")
        else:
            yield Finding("secrets", "ok", f"{name} comes from a file that not everybody can read")


def room() -> Iterator[Finding]:
    """The disk of the home, and the embedded database's where that is another."""
    from atesaki import keys

    home = keys.home()
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(there, os.W_OK):
        yield Finding("disk", "wrong", f"{there} cannot be written", "give it to the user that runs this")
    else:
        yield _free("disk", there)
    database = home / "database"
    embedded = not any(os.environ.get(name) for name in ("DATABASE_URL", "DATABASE_URL_FILE"))
    if embedded and database.exists() and database.stat().st_dev != there.stat().st_dev:
        yield _free("database disk", database)


def _free(check: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    state = "wrong" if free < _ROOM_WRONG else "warn" if free < _ROOM_WARN else "ok"
    mend = "" if state == "ok" else "make room: mail is refused for a while (451) when nothing can be kept"
    return Finding(check, state, f"{free / 2**30:.1f} GiB free at {folder}", mend)


def backups() -> Iterator[Finding]:
    """How old the newest file is in the folder that `ATESAKI_BACKUPS` names."""
    named = os.environ.get("ATESAKI_BACKUPS")
    if not named:
        yield Finding("backups", "ok", "not looked at: ATESAKI_BACKUPS names no folder")
        return
    try:
        files = [(file.stat().st_mtime, file) for file in Path(named).iterdir() if file.is_file()]
    except OSError as error:
        mend = "set ATESAKI_BACKUPS to the folder that backups are written to, readable by our user"
        yield Finding("backups", "wrong", f"{named} cannot be looked at: {error.strerror}", mend)
        return
    mend = "see why none was made since; docs/operate.md has the commands"
    if not files:
        yield Finding("backups", "wrong", f"{named} holds none", mend)
        return
    at, newest = max(files)
    age = timedelta(seconds=max(0, int(time.time() - at)))
    if not newest.stat().st_size:
        yield Finding("backups", "wrong", f"the newest, {newest}, is empty", mend)
    elif age > _BACKUP_LATE:
        yield Finding("backups", "warn", f"the newest, {newest}, was written {age} ago", mend)
    else:
        yield Finding("backups", "ok", f"{newest} was written {age} ago")


def tls() -> Iterator[Finding]:
    from atesaki.doors import smtp

    cert, key = (os.environ.get(f"ATESAKI_TLS_{each}") or "" for each in ("CERT", "KEY"))
    if smtp.certificate(cert, key) is not None:
        yield Finding("tls", "ok", "certificate and key can be read")
        return
    state = "warn" if production() else "ok"
    mend = "set ATESAKI_TLS_CERT and ATESAKI_TLS_KEY" if state == "warn" else ""
    yield Finding("tls", state, "no certificate: only clients on this machine can log in at the SMTP door", mend)
