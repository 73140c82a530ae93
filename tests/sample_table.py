"""What becomes of every sample at hand: `python -m tests.sample_table [--markdown]`. Asks no database.

Per format how many samples are read, read in part or refused, and how many expected values are met; then the collected
files one by one. In `docs/formats.md` the output of `--markdown` stands between the two marks; `--write` puts it there.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from shipments.formats.base import Parsed
from shipments.formats.registry import FORMATS
from tests.expected_values import COLLECTED, OWN, OWN_SAMPLES, compare, count, expectations, options_for

DOCUMENT = Path(__file__).parents[1] / "docs" / "formats.md"
BEGINS, ENDS = "<!-- samples begin -->\n", "<!-- samples end -->\n"
NONE = "none of ours"
# What stands beside the messages and is none: code lists, the specifications of an API, the list of places.
NO_MESSAGES = ("codelists", "unlocode", "MANIFEST.csv")
NO_MESSAGE_ENDS = (".expected.json", ".yaml", ".md")
# Folder, or the beginning of a file's path -> the format of the source it is sent to; the longest that fits counts.
SENT_AS = {
    "aggregator_json": "native",
    "cargo_imp": "cargo_imp",
    "csv": "csv",
    "dcsa_tnt": "dcsa_2",
    "dcsa_tnt/tnt-3": "dcsa_3",
    "edifact_coarri_codeco/COARRI": "coarri",
    "edifact_coarri_codeco/CODECO": "codeco",
    "edifact_iftsta": "iftsta",
    "edifact_other": "iftsta",
    "epcis": "epcis",
    "one_record": "one_record",
    "parcel/dhl": "dhl",
    "parcel/fedex": "fedex",
    "parcel/ups": "ups",
    "x12_214": "x12_214",
    "x12_315": "x12_315",
    "x12_322": "x12_322",
    "x12_350": "cbp",
    "x12_malformed": "x12_214",
    "x12_other": "x12_214",
}
# Messages that no format of ours is for. They are sent to the source of a related one, to see that they are refused.
FOREIGN = ("aggregator_json", "edifact_other", "x12_other", "x12_malformed")
LONGEST, MOST = 170, 2
# The same set in another file is the same reason.
NUMBER_OF_SET = re.compile(r"(?<=Transaction set ...) \S+")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `met` of `compared` expected values; both None where nothing is expected."""

    folder: str
    name: str
    sent_as: str
    is_ours: bool
    state: str
    events: int
    reason: str
    auto: str
    compared: int | None = None
    met: int | None = None

    @property
    def group(self) -> str:
        return NONE if self.folder in FOREIGN else self.sent_as


def sent_as(path: str) -> str:
    """The format of the source that a collected file is sent to; '' when SENT_AS does not know it."""
    fitting = [start for start in SENT_AS if path.startswith(start)]
    return SENT_AS[max(fitting, key=len)] if fitting else ""


def collected_files() -> list[str]:
    """Every message among the collected files, as path below COLLECTED."""
    paths = sorted(str(file.relative_to(COLLECTED)) for file in COLLECTED.rglob("*") if file.is_file())
    return [path for path in paths if not path.startswith(NO_MESSAGES) and not path.endswith(NO_MESSAGE_ENDS)]


def state_of(parsed: Parsed) -> str:
    """As the services file a message: see `shipments/services/ingest.py`."""
    faults = [issue for issue in parsed.issues if not issue.is_warning]
    if not parsed.events and (faults or not parsed.is_quiet):
        return "refused"
    return "in part" if faults else "read"


def reason_of(parsed: Parsed) -> str:
    """Why something was not read: each thing once, how often, and the rest as a number."""
    faults = [f"{issue.code}: {issue.message}" for issue in parsed.issues if not issue.is_warning]
    said = Counter(NUMBER_OF_SET.sub("", fault)[:LONGEST] for fault in faults)
    shown = [text + (f" ({often} times)" if often > 1 else "") for text, often in said.items()]
    return " ".join(shown[:MOST]) + (f" And {len(shown) - MOST} more." if len(shown) > MOST else "")


def look_at(file: Path, folder: str, format_: str) -> Outcome:
    raw, options = file.read_bytes(), options_for(file.name)
    parsed = FORMATS[format_](raw, options)
    found = FORMATS["auto"](raw, options)
    has_values = expectations(file).exists() and folder not in FOREIGN
    compared, met = count(*compare(file, parsed)) if has_values else (None, None)
    state = state_of(found)
    return Outcome(
        folder, file.name, format_, file.is_relative_to(OWN), state_of(parsed), len(parsed.events), reason_of(parsed),
        f"{found.format}, {state}" if found.format else f"refused: {found.issues[0].message}",
        compared, met,
    )  # fmt: skip


def outcomes() -> list[Outcome]:
    ours = [look_at(OWN / name, "tests/samples", format_) for name, format_ in sorted(OWN_SAMPLES.items())]
    theirs = [look_at(COLLECTED / path, path.split("/")[0], sent_as(path)) for path in collected_files()]
    return ours + theirs


def of_formats(rows: Sequence[Outcome]) -> Iterator[tuple[str, ...]]:
    yield "format", "ours", "collected", "read", "in part", "refused", "expected files", "values met"
    for format_ in [*FORMATS, NONE]:
        yield summed(format_, [row for row in rows if row.group == format_])
    yield summed("all", rows)


def summed(name: str, rows: Sequence[Outcome]) -> tuple[str, ...]:
    states = Counter(row.state for row in rows)
    compared = [(row.compared, row.met or 0) for row in rows if row.compared is not None]
    values = f"{sum(met for _, met in compared)} of {sum(all_ for all_, _ in compared)}" if compared else "-"
    ours = sum(row.is_ours for row in rows)
    counts = (ours, len(rows) - ours, states["read"], states["in part"], states["refused"], len(compared))
    return (name, *map(str, counts), values)


def of_files(rows: Sequence[Outcome]) -> Iterator[tuple[str, ...]]:
    """The collected files, those with the same outcome in one row."""

    def said(row: Outcome) -> tuple[str, ...]:
        return row.folder, row.sent_as, row.state, row.reason, row.auto

    yield "collected files", "sent as", "outcome", "events", "`auto`", "what was not read"
    for (folder, format_, state, reason, auto), alike in groupby(
        sorted((row for row in rows if not row.is_ours), key=said), key=said
    ):
        files = list(alike)
        events = ", ".join(str(row.events) for row in files)
        yield f"{folder}: {', '.join(row.name for row in files)}", format_, state, events, auto, reason or "-"


def drawn(rows: Iterable[tuple[str, ...]], *, is_markdown: bool) -> str:
    listed = [tuple(cell.replace("|", "/").replace("\n", " ") for cell in row) for row in rows]
    if is_markdown:
        listed.insert(1, ("---",) * len(listed[0]))
        return "".join(f"| {' | '.join(row)} |\n" for row in listed)
    widths = [min(60, max(len(row[column]) for row in listed)) for column in range(len(listed[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in listed)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def tables(*, is_markdown: bool) -> str:
    rows = outcomes()
    both = (drawn(of_formats(rows), is_markdown=is_markdown), drawn(of_files(rows), is_markdown=is_markdown))
    return "\n".join(both)


def written(document: str, text: str) -> str:
    """The document with `text` between its two marks."""
    before, _, rest = document.partition(BEGINS)
    return f"{before}{BEGINS}\n{text}\n{ENDS}{rest.partition(ENDS)[2]}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sample_table", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="as tables of docs/formats.md")
    parser.add_argument("--write", action="store_true", help="put them into docs/formats.md")
    chosen = parser.parse_args(arguments)
    text = tables(is_markdown=chosen.markdown or chosen.write)
    if chosen.write:
        DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), text), "utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
