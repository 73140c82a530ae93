"""`python -m tests.longer any_order --examples 20000`: the property tests of the any-order promise, for much longer."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.long_runs import VARIABLE

ROOT = Path(__file__).resolve().parent.parent
TESTS = {"any_order": ("tests/flows/test_any_order_stateful.py", "tests/flows/test_any_order_rows.py")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(TESTS))
    parser.add_argument("--examples", type=int, default=20_000, help="of the rules; a tenth of them as rows")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:randomly", *TESTS[arguments.name]]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, VARIABLE: str(arguments.examples)}).returncode


if __name__ == "__main__":
    sys.exit(main())
