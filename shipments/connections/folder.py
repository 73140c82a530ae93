"""A folder on this machine, or one that is mounted here."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from shipments.connections import directories
from shipments.connections.base import Answer, Bounds, Cursor, Item, Seen, Trouble
from shipments.connections.directories import Entry, Gone, Unreadable
from shipments.connections.options import Problem, choice, integer, line


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSettings:
    """`path`: absolute, or below the first folder of WAYMARK_FOLDERS. `out`: where answers are put, within `path`."""

    SECRETS: ClassVar[tuple[str, ...]] = ()

    path: str = line()
    pattern: str = line("*", most=100)
    afterwards: str = choice("move", "delete")
    stable_seconds: int = integer(2, least=0, most=15)
    most_per_run: int = integer(500, least=1, most=5000)
    out: str = line("", most=100)

    def doubts(self) -> list[Problem]:
        found = directories.doubts_of(self)
        if ".." in Path(self.path).parts:
            found.append(Problem("path", "A path without steps upwards."))
        if self.out.startswith("/") or ".." in Path(self.out).parts:
            found.append(Problem("out", "A directory below the folder."))
        return found


@dataclass
class LocalPlace:
    root: Path
    clock_is_ours: bool = True

    def entries(self, directory: str) -> Iterator[Entry]:
        try:
            with os.scandir(self.root / directory) as found:
                for each in found:
                    if each.is_file(follow_symlinks=False):
                        yield from _entry(each)
        except FileNotFoundError:
            if not directory:
                raise self._missing() from None

    def make(self, directory: str) -> None:
        try:
            (self.root / directory).mkdir(exist_ok=True)
        except FileNotFoundError:
            raise self._missing() from None

    def _missing(self) -> Trouble:
        return Trouble(f"There is no folder {self.root}.")

    def read(self, name: str, most: int) -> bytes:
        try:
            # What was put there for a file since we looked is not followed: it could be any file of this machine.
            handle = os.open(self.root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise Gone from error
        except OSError as error:
            raise Unreadable(f"It cannot be read: {error.strerror}.") from error
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Unreadable("It is no file.")
            return file.read(most + 1)

    def rename(self, old: str, new: str) -> None:
        try:
            (self.root / old).rename(self.root / new)
        except FileNotFoundError as error:
            raise Gone from error

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def write(self, name: str, body: bytes) -> None:
        target = self.root / name
        half = target.with_name(f".{secrets.token_hex(4)}.part")
        with half.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        half.rename(target)


def _entry(found: os.DirEntry[str]) -> Iterator[Entry]:
    try:
        facts = found.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    yield Entry(found.name, facts.st_size, facts.st_mtime)


def within(path: str, folders: Iterable[Path]) -> Path | None:
    """The folder that `path` means when it lies in one of `folders` (links resolved), else None."""
    roots = [each.resolve() for each in folders]
    if not roots:
        return None
    try:
        meant = (roots[0] / path).resolve()
    except (OSError, RuntimeError):
        return None
    return meant if any(meant.is_relative_to(root) for root in roots) else None


def collect(
    settings: FolderSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds
) -> Generator[Item, None, None]:
    try:
        yield from directories.pick_up(_place(settings, bounds), settings, bounds)
    except OSError as error:
        raise Trouble(_said(error)) from error


def look(settings: FolderSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds) -> list[Seen]:
    try:
        return directories.look_into(_place(settings, bounds), settings, bounds)
    except OSError as error:
        raise Trouble(_said(error)) from error


def deliver(settings: FolderSettings, secret: Mapping[str, str], answers: Iterable[Answer], bounds: Bounds) -> int:
    try:
        return directories.put_out(_place(settings, bounds), settings.out, answers, bounds)
    except OSError as error:
        raise Trouble(_said(error)) from error


def _place(settings: FolderSettings, bounds: Bounds) -> LocalPlace:
    root = within(settings.path, bounds.folders)
    if root is None:
        raise Trouble("The folder does not lie in one that the operator has opened (WAYMARK_FOLDERS).")
    return LocalPlace(root)


def _said(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"The workers may not write in the folder: {error.filename}. They move each file that they take."
    return f"The folder cannot be used: {error.strerror or error}"
