"""The exceptions of a simulated world in chaos against its truth: `simulate --chaos` on a database of its own.

With every rule switched on, three days after the last message, so that every kind is there.
"""

from __future__ import annotations

import argparse
import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402 Django has to be set up first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shipments", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--later", type=int, default=72, help="hours after the last message (default 72)")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    options = {"shipments": arguments.shipments, "seed": arguments.seed, "later": arguments.later}
    call_command("simulate", **options, chaos=True, all_rules=True, json=True)
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
