from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from milestones.models import ExceptionRule
from milestones.services.backtesting import DAYS, MOST_DAYS, Walk, advance, prepare, result_of
from milestones.services.rule_drafts import RuleRefused, draft_of


class Command(BaseCommand):
    help = (
        "Tries a stored rule on the shipments of the last days, and prints as JSON which cases it would have opened."
        " Nothing is written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", metavar="CODE", help="of the rule")
        parser.add_argument("--days", type=int, default=DAYS, help=f"1 to {MOST_DAYS} (default {DAYS})")

    def handle(self, *args: Any, **options: Any) -> None:
        rule = ExceptionRule.objects.filter(code=options["code"]).first()
        if rule is None:
            raise CommandError(f"there is no rule {options['code']}")
        try:
            parameters, total = prepare(draft_of(rule), days=options["days"])
        except RuleRefused as refused:
            raise CommandError(refused.message) from refused
        walk, is_last = Walk(total), False
        while not is_last:
            is_last = advance(parameters, walk)
        said = {"rule": rule.code, "version": rule.version, **result_of(walk.tally, parameters)}
        self.stdout.write(json.dumps(said, ensure_ascii=False, indent=2))
