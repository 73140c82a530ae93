from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shipments.services import load_unlocode, sweep_places
from shipments.unlocode import decoded, read_unlocode

# Of one file, unpacked. The whole official list is 8 MB.
_MOST = 256 << 20


def texts(path: Path) -> Iterator[str]:
    """The text of a .csv, a .csv.gz, every .csv in a .zip or in a folder, in the order of their names."""
    if path.is_dir():
        for part in sorted(path.iterdir()):
            if part.suffix.lower() in (".csv", ".gz"):
                yield from texts(part)
    elif path.suffix.lower() == ".zip":
        yield from _zipped(path)
    elif path.suffix.lower() == ".gz":
        with gzip.open(path) as packed:
            yield decoded(packed.read(_MOST))
    elif "subdivision" not in path.name.lower():
        yield decoded(path.read_bytes())


def _zipped(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.lower().endswith(".csv") and "subdivision" not in name.lower():
                with archive.open(name) as file:
                    yield decoded(file.read(_MOST))


class Command(BaseCommand):
    help = (
        "Loads UN/LOCODE: the official CSV parts (a file, a folder or the zip), or the enriched list with zones. Adds "
        "what is missing and fills in what is empty; events that wait for a place are read again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--overwrite", action="store_true", help="the list wins over names, zones and points")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = read_unlocode(texts(options["file"]))
        except (OSError, EOFError, zipfile.BadZipFile) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from error
        if not rows:
            raise CommandError(f"There is no UN/LOCODE entry in {options['file']}.")
        self.stderr.write(f"{len(rows)} entries read")
        counts = load_unlocode(rows, by=None, overwrite=options["overwrite"], tell=self.stderr.write)
        counts["events_moved"] = sweep_places()
        self.stdout.write(json.dumps(counts))
