"""Kind → the module that knows it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shipments.connections import folder, ftp, imap, poll, sftp, webhook
from shipments.connections.base import Answer, Bounds, Cursor, Item, Seen
from shipments.connections.options import Settings
from shipments.enums import ConnectionKind

Look = Callable[[Any, Mapping[str, str], Cursor, Bounds], list[Seen]]
Collect = Callable[[Any, Mapping[str, str], Cursor, Bounds], Generator[Item, None, None]]
Deliver = Callable[[Any, Mapping[str, str], Iterable[Answer], Bounds], int]


@dataclass(frozen=True, slots=True)
class Kind:
    """`collect` None: nothing to look into, they call us. `deliver`: where answers can be put as files."""

    settings: type[Settings]
    collect: Collect | None = None
    look: Look | None = None
    deliver: Deliver | None = None


KINDS: dict[str, Kind] = {
    ConnectionKind.WEBHOOK: Kind(webhook.WebhookSettings),
    ConnectionKind.POLL: Kind(poll.PollSettings, poll.collect, poll.look),
    ConnectionKind.FOLDER: Kind(folder.FolderSettings, folder.collect, folder.look, folder.deliver),
    ConnectionKind.SFTP: Kind(sftp.SftpSettings, sftp.collect, sftp.look, sftp.deliver),
    ConnectionKind.FTP: Kind(ftp.FtpSettings, ftp.collect, ftp.look, ftp.deliver),
    ConnectionKind.IMAP: Kind(imap.ImapSettings, imap.collect, imap.look),
}
