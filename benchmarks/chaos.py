"""The exceptions of a simulated world in chaos against its truth: `simulate --chaos` on a database of its own."""

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
    arguments = parser.parse_args()
    begun = time.perf_counter()
    call_command("simulate", shipments=arguments.shipments, seed=arguments.seed, chaos=True, json=True)
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
