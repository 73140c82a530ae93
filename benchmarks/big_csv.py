"""A table of 100,000 rows: received, read, stored, matched, milestones written. Two worker processes, as in production.

Prints the seconds until the last milestone is written, the progress that a person would have seen meanwhile, and the
most memory that any process had: the workers, and the process apart that reads the table.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from benchmarks import world  # noqa: E402 Django has to be set up first
from milestones.models import Journey  # noqa: E402
from milestones.services import evaluate_due  # noqa: E402
from partners.models import Partner  # noqa: E402
from shipments.enums import MessageState  # noqa: E402
from shipments.models import EventMatch, Message, Source  # noqa: E402
from shipments.services import ingest_waiting, receive, save_source  # noqa: E402

PROCESSES = 2
BATCH = 1_000
# What the issue asks for at the most.
MOST_SECONDS, MOST_MB = 60, 400
# All that the workers may take, before the run counts as failed.
_PATIENCE = 600
_CODES = ("PICKUP_ARRIVED", "IN_TRANSIT", "ARRIVED", "OUT_FOR_DELIVERY")


def table(rows: int, shipments: int) -> bytes:
    """`rows` events of known shipments, in no order of theirs, as a warehouse would send them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["event", "date time", "time zone", "location", "reference type", "reference", "remarks"])
    for number in range(rows):
        shipment = number * 7_919 % shipments
        at = world.departure(shipment) - timedelta(minutes=number % 1_440)
        writer.writerow(
            [_CODES[number % 4], f"{at:%Y-%m-%d %H:%M}", "UTC", "CNSGH", "PRO" if shipment % 2 else "MBL",
             f"R{shipment}", f"row {number}, as it came"]
        )  # fmt: skip
    return out.getvalue().encode()


def work() -> None:
    """What one worker does until it is told that all is done."""
    sys.stdin.readline()
    while not Path(os.environ["BIG_CSV_DONE"]).exists():
        if not ingest_waiting(BATCH) + evaluate_due(BATCH):
            time.sleep(0.05)


class Memory:
    """The most real memory (VmHWM, in MB) of each of our children and theirs, by what it does."""

    def __init__(self) -> None:
        self.peaks: dict[str, float] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, float]:
        self._is_over.set()
        self._thread.join()
        return {name: round(peak, 1) for name, peak in sorted(self.peaks.items())}

    def _watch(self) -> None:
        while not self._is_over.wait(0.02):
            parents = {pid: said for pid, said in _statuses()}
            for pid in _descendants(os.getpid(), parents):
                is_child = b"shipments.formats.child" in _command(pid) or parents[pid]["PPid"] != str(os.getpid())
                name = "reading apart" if is_child else f"worker {pid}"
                peak = int(parents[pid].get("VmHWM", "0 kB").split()[0]) / 1024
                self.peaks[name] = max(self.peaks.get(name, 0), peak)


def _statuses() -> list[tuple[int, dict[str, str]]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = (folder / "status").read_text().splitlines()
        except OSError:
            continue
        pairs = (line.partition(":") for line in lines)
        found.append((int(folder.name), {name: value.strip() for name, _, value in pairs}))
    return found


def _descendants(root: int, statuses: dict[int, dict[str, str]]) -> list[int]:
    found, level = [], [root]
    while level:
        level = [pid for pid, said in statuses.items() if int(said.get("PPid", "0")) in level]
        found += level
    return found


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def run(raw: bytes, done: Path) -> tuple[float, float, list[int], dict[str, float]]:
    """Seconds until it is read, seconds until all is evaluated, the progress seen, the peaks of memory."""
    environment = {**os.environ, "BIG_CSV_DONE": str(done)}
    command = [sys.executable, "-m", "benchmarks.big_csv", "--work"]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env=environment) for _ in range(PROCESSES)]
    time.sleep(5)
    memory = Memory()
    for worker in workers:
        if worker.stdin is not None:
            worker.stdin.write("go\n")
            worker.stdin.flush()
    begun = time.perf_counter()
    message = receive(Source.objects.get(code="TABLE"), raw, filename="big.csv").message
    seen, read = [0], 0.0
    while time.perf_counter() - begun < _PATIENCE:
        state, progress = Message.objects.filter(pk=message.pk).values_list("state", "progress").get()
        seen += [progress] if progress != seen[-1] else []
        if state != MessageState.RECEIVED:
            read = read or time.perf_counter() - begun
            if not Journey.objects.behind().exists():
                break
        time.sleep(0.1)
    seconds = time.perf_counter() - begun
    done.touch()
    ends = [worker.wait(60) for worker in workers]
    if any(ends):
        sys.exit("a worker failed")
    return read, seconds, seen, memory.stop()


def reference(raw: bytes) -> float:
    """Seconds that Python's own reader takes for the same bytes, with nothing done to the rows."""
    begun = time.perf_counter()
    for _ in csv.reader(io.StringIO(raw.decode(), newline="")):
        pass
    return time.perf_counter() - begun


def measure(rows: int, shipments: int, folder: Path) -> dict[str, object]:
    world.book(shipments)
    save_source("TABLE", partner=Partner.objects.get(code="CARRIER"), format="csv")
    matched = EventMatch.objects.count()
    raw = table(rows, shipments)
    plain = reference(raw)
    read, seconds, seen, peaks = run(raw, folder / f"big_csv_{os.getpid()}.done")
    message = Message.objects.get(filename="big.csv")
    matched = EventMatch.objects.count() - matched
    peak = max(peaks.values())
    return {
        "name": "big_csv",
        "unit": "s",
        "figure": round(seconds, 1),
        "reference": round(plain, 3),
        "ratio": round(seconds / plain),
        "rows": rows,
        "shipments": shipments,
        "bytes": len(raw),
        "read_s": round(read, 1),
        "events_per_second": round(rows / seconds),
        "state": message.state,
        "events": message.events_found,
        "matched": matched,
        "progress_seen": seen,
        "peak_mb": peaks,
        "processes": PROCESSES,
        "least": {"seconds": MOST_SECONDS, "peak_mb": MOST_MB},
        "is_enough": matched == rows and seconds < MOST_SECONDS and peak < MOST_MB and len(seen) > 10,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--shipments", type=int, default=10_000)
    parser.add_argument("--work", action="store_true")
    arguments = parser.parse_args()
    if arguments.work:
        work()
        return
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    print(json.dumps(measure(arguments.rows, arguments.shipments, folder)))


if __name__ == "__main__":
    main()
