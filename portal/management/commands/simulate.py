"""`manage.py simulate`: a deterministic world, run through the product itself."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.simulation.running import Plan, run


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

    def handle(self, *args: Any, **options: Any) -> None:
        if not (1 <= options["shipments"] <= 1_000_000 and 1 <= options["days"] <= 3650):
            raise CommandError("--shipments is 1 to 1,000,000 and --days 1 to 3,650")
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        plan = Plan(options["shipments"], options["seed"], options["days"], options["chaos"], now)
        outcome = run(plan, say=self.stdout.write)
        self.stdout.write(
            f"{outcome.shipments} shipments, {outcome.messages} messages, {outcome.invoices} invoices issued"
        )
