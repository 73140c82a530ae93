from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shipments.place_tables import read_aliases, read_glns, read_terminals
from shipments.services import load_aliases, load_facilities, load_name_aliases, sweep_places
from shipments.unlocode import decoded


def _terminals(text: str) -> dict[str, int]:
    return load_facilities(read_terminals(text), by=None)


def _glns(text: str) -> dict[str, int]:
    entries, lines, wrong = read_glns(text)
    facilities = load_facilities(entries, by=None)
    return {**facilities, **load_aliases(lines, by=None), "facilities": facilities["inserted"], "wrong": wrong}


def _aliases(text: str) -> dict[str, int]:
    lines, sought = read_aliases(text)
    counts, named = load_aliases(lines, by=None), load_name_aliases(sought, by=None)
    return {name: counts.get(name, 0) + named.get(name, 0) for name in {**counts, **named}}


KINDS = {"smdg": _terminals, "gln": _glns, "aliases": _aliases}


class Command(BaseCommand):
    help = (
        "Loads a CSV of terminals (smdg), GLNs (gln) or other names of places (aliases). What stands is kept; events "
        "that wait for a place are read again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", required=True, choices=sorted(KINDS))
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = decoded(options["file"].read_bytes())
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from error
        counts = KINDS[options["kind"]](text)
        counts["events_moved"] = sweep_places()
        self.stdout.write(json.dumps(counts))
