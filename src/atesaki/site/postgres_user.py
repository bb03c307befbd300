"""Who runs PostgreSQL when we are root, which it refuses to be, and how that user reaches what it needs.

Only that one user is let through the closed directories on the way (an access control list, search only):
opening them for everybody, as `chmod o+rx` would, shows a private home to every account of the machine.
"""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

NAME = "atesaki-db"

_ACL = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _NAMED_GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NOBODY = 0xFFFFFFFF
_SEARCH = 1


class PostgresError(RuntimeError):
    """The embedded database cannot be used; the sentence says why and what to do."""


class Account(NamedTuple):
    """A system account, as numbers: inside a container the name of a data folder's owner may be unknown."""

    uid: int
    gid: int


def account(data: Path) -> Account | None:
    """Who is to run the database on `data`: None for "as ourselves".

    Root runs it as the folder's owner, so that a home once served by an ordinary user stays theirs.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise PostgresError(f"{data} belongs to another user (number {owner}): run this as that user.")
        return None
    if owner:
        return Account(owner, data.stat().st_gid)
    try:
        found = pwd.getpwnam(NAME)
    except KeyError:
        found = _make()
    return Account(found.pw_uid, found.pw_gid)


def _make() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    advice = (
        f"PostgreSQL does not run as root and the system user {NAME} could not be made: run this as an "
        f"ordinary user, make the user {NAME}, or name a server in DATABASE_URL."
    )
    if useradd is None:
        raise PostgresError(f"{advice} (useradd is not installed)")
    words = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run(  # noqa: S603 - fixed words
        [*words, "--shell", "/usr/sbin/nologin", NAME], capture_output=True, text=True, check=False
    )
    try:
        return pwd.getpwnam(NAME)  # made by us, or by another process in the meantime
    except KeyError:
        raise PostgresError(f"{advice} ({done.stderr.strip()})") from None


def let_through(who: Account, directory: Path) -> None:
    """Lets `who` pass through `directory` and every directory that leads to it, without listing any."""
    for each in [directory, *directory.parents]:
        found = each.stat()
        if found.st_mode & stat.S_IXOTH or (found.st_uid == who.uid and found.st_mode & stat.S_IXUSR):
            continue
        try:
            _grant_search(each, found.st_mode, who.uid)
        except OSError as error:
            raise PostgresError(
                f"PostgreSQL, which does not run as root, must pass through {each}, and its user "
                f"(number {who.uid}) could not be let in ({error.strerror}): run this as an ordinary user, "
                f"`chmod o+x {each}`, or choose another ATESAKI_HOME."
            ) from error


def open_to_read(tree: Path) -> None:
    """Makes an installed package's files readable where a strict umask closed them; they hold no secret."""
    for each in [tree, *tree.rglob("*")]:
        if each.is_symlink():
            continue
        mode = stat.S_IMODE(each.stat().st_mode)
        wanted = mode | 0o444 | (0o111 if mode & 0o100 else 0)
        if wanted != mode:
            each.chmod(wanted)


def _grant_search(directory: Path, mode: int, uid: int) -> None:
    entries = _entries(directory, mode)
    entries[_USER, uid] = entries.get((_USER, uid), 0) | _SEARCH
    before = entries.get((_MASK, _NOBODY), entries[_GROUP, _NOBODY])
    entries[_MASK, _NOBODY] = before | _SEARCH
    packed = b"".join(_ENTRY.pack(tag, right, number) for (tag, number), right in sorted(entries.items()))
    os.setxattr(directory, _ACL, _VERSION + packed)


def _entries(directory: Path, mode: int) -> dict[tuple[int, int], int]:
    if not hasattr(os, "getxattr"):
        raise OSError(errno.ENOTSUP, "this system has no access control lists that we know")
    try:
        raw = os.getxattr(directory, _ACL)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        plain = {_OWNER: mode >> 6 & 7, _GROUP: mode >> 3 & 7, _OTHER: mode & 7}
        return {(tag, _NOBODY): right for tag, right in plain.items()}
    return {(tag, number): right for tag, right, number in _ENTRY.iter_unpack(raw[len(_VERSION) :])}
