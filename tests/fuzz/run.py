"""`.venv/bin/python tests/fuzz/run.py FORMAT [--seconds N]`: Atheris on one target (docs/parts/x12.md).

FORMAT is a registered format, tokenise_x12 or tokenise_edifact. Ends with 0 after N seconds, or with another code at
the first exception, hang (10 s) or use of more than 1 GiB; the bytes that did it are kept in var/fuzz. Atheris has
wheels for some versions of Python only: without it the command says so and ends with 2.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
_LONGEST, _HANGS_AFTER, _MEMORY = 65_536, 10, 1_024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    arguments = parser.parse_args()
    if atheris is None:
        print("Atheris is not installed: it has no wheel for this Python.", file=sys.stderr)
        return 2
    sys.path.insert(0, str(ROOT))
    # Only what is imported in here reports its branches to the fuzzer.
    with atheris.instrument_imports(include=["shipments"]):
        targets = importlib.import_module("tests.fuzz.targets")
    if arguments.format not in targets.TARGETS:
        parser.error(f"choose from {', '.join(sorted(targets.TARGETS))}")
    found = ROOT / "var" / "fuzz"
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for path in targets.seeds():
            shutil.copy(path, corpus)
        options = [
            f"-max_total_time={arguments.seconds}", f"-max_len={_LONGEST}", f"-timeout={_HANGS_AFTER}",
            f"-rss_limit_mb={_MEMORY}", f"-artifact_prefix={found}/{arguments.format}-", "-print_final_stats=1", corpus,
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *options], targets.TARGETS[arguments.format])
        # It ends the process itself.
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
