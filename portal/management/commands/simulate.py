"""`manage.py simulate`: a deterministic world, run through the product itself."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.simulation.running import Plan, run
from portal.simulation.truth import Score


class Command(BaseCommand):
    help = "Makes a deterministic world of shipments and runs their messages through the product, up to invoices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shipments", type=int, required=True, help="how many shipments")
        parser.add_argument(
            "--seed", type=int, required=True, help="the same seed on the same day gives the same world"
        )
        parser.add_argument("--days", type=int, default=45, help="departures are spread over so many days (default 45)")
        parser.add_argument(
            "--chaos", action="store_true", help="duplicates, disorder, corrections, retractions, silence"
        )
        parser.add_argument(
            "--all-rules", action="store_true", help="with --chaos: switch on every rule of the kinds that are judged"
        )
        parser.add_argument(
            "--later", type=int, default=0, help="with --chaos: judge so many hours after the last message (default 0)"
        )
        parser.add_argument("--json", action="store_true", help="with --chaos: the scores as JSON in the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (1 <= options["shipments"] <= 1_000_000 and 1 <= options["days"] <= 3650):
            raise CommandError("--shipments is 1 to 1,000,000 and --days 1 to 3,650")
        if not 0 <= options["later"] <= 24 * 365:
            raise CommandError("--later is 0 to 8,760 hours")
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        plan = Plan(
            options["shipments"], options["seed"], options["days"], options["chaos"], now,
            all_rules=options["all_rules"], later=timedelta(hours=options["later"]),
        )  # fmt: skip
        outcome = run(plan, say=self.stdout.write)
        if outcome.scores:
            self._tell(outcome.scores, outcome.wrong)
        self.stdout.write(
            f"{outcome.shipments} shipments, {outcome.messages} messages, {outcome.invoices} invoices issued"
        )
        if options["json"]:
            self.stdout.write(json.dumps([_said(score) for score in outcome.scores]))

    def _tell(self, scores: Sequence[Score], wrong: Sequence[str]) -> None:
        self.stdout.write("exceptions against the simulator's truth")
        self.stdout.write(f"{'kind':<18}{'must be':>9}{'are':>9}{'right':>9}{'precision':>11}{'recall':>9}")
        for row in map(_said, scores):
            self.stdout.write(
                f"{row['kind']:<18}{row['wanted']:>9}{row['opened']:>9}{row['right']:>9}"
                f"{_figure(row['precision']):>11}{_figure(row['recall']):>9}"
            )
        for line in wrong:
            self.stdout.write(line)


def _figure(share: float | None) -> str:
    """Of nothing there is no share."""
    return "-" if share is None else f"{share:.3f}"


def _said(score: Score) -> dict[str, Any]:
    return {**asdict(score), "precision": _rounded(score.precision), "recall": _rounded(score.recall)}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
