"""`manage.py verify`: asks the database whether every invariant still holds."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from billing.invariants import INVARIANTS as OF_MONEY
from core.invariants import Finding, check
from milestones.invariants import INVARIANTS as OF_MILESTONES
from shipments.invariants import INVARIANTS as OF_SHIPMENTS

INVARIANTS = (*OF_SHIPMENTS, *OF_MILESTONES, *OF_MONEY)


def _sentence(finding: Finding) -> str:
    if not finding.broken:
        return f"ok      {finding.invariant.name}"
    examples = ", ".join(finding.examples)
    return f"BROKEN  {finding.invariant.name}: {finding.broken} rows ({examples}). {finding.invariant.sentence}"


class Command(BaseCommand):
    help = "Checks every invariant against the database; exit 1 and the list when one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [check(invariant) for invariant in INVARIANTS]
        if options["json"]:
            rows = [
                {"name": f.invariant.name, "holds": not f.broken, "broken": f.broken, "examples": list(f.examples)}
                for f in findings
            ]
            self.stdout.write(json.dumps({"holds": not any(f.broken for f in findings), "invariants": rows}))
        else:
            for finding in findings:
                self.stdout.write(_sentence(finding))
        if any(f.broken for f in findings):
            sys.exit(1)
