"""The process of its own in which a large or risky payload is read: `python -m shipments.formats.child`.

On standard input a line of JSON {"format", "options", "size", "memory", "seconds"} and then the payload; on standard
output one line of JSON a part (`shipments.formats.base.Parsed`). It limits itself before it looks at a single byte.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from shipments.formats.auto import read_as
from shipments.formats.base import Parsed
from shipments.formats.registry import FORMATS, IN_PARTS, READERS

OUT_OF_MEMORY = 3


def main() -> int:
    """Read one payload. Returns OUT_OF_MEMORY when the limit was met."""
    said = orjson.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (said["memory"], said["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (said["seconds"], said["seconds"] + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for part in parts(said["format"], sys.stdin.buffer.read(), said["options"], said["size"]):
            sys.stdout.buffer.write(orjson.dumps(part) + b"\n")
            sys.stdout.buffer.flush()
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


def parts(format_: str, raw: bytes, options: Mapping[str, Any], size: int) -> Iterator[Parsed]:
    """The events of a payload, `size` at most in each part; issues stand with the events they are near."""
    read = format_
    if format_ == "auto":
        read = read_as(raw, READERS) or format_
    if read in IN_PARTS:
        for part in IN_PARTS[read](raw, options, size):
            yield replace(part, format=read if read != format_ else part.format)
        return
    yield from cut(FORMATS[format_](raw, options), size)


def cut(parsed: Parsed, size: int) -> Iterator[Parsed]:
    """One result in parts. Issues of an event go with it; those of the whole with the
    first part; envelopes with every part, since they say which positions are theirs."""
    if len(parsed.events) <= size:
        yield parsed
        return
    total = len(parsed.events)
    issues = sorted(parsed.issues, key=lambda issue: issue.position)
    taken = 0
    for start in range(0, total, size):
        events = parsed.events[start : start + size]
        is_last = start + size >= total
        upto = taken
        while upto < len(issues) and (is_last or issues[upto].position <= events[-1].position):
            upto += 1
        yield Parsed(
            events,
            tuple(issues[taken:upto]),
            parsed.envelopes,
            parsed.is_quiet,
            parsed.format,
            min(100, (start + len(events)) * 100 // total),
            parsed.headings,
        )
        taken = upto


if __name__ == "__main__":
    sys.exit(main())
