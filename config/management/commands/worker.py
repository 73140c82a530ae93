from __future__ import annotations

import os
import signal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.processes import alone, die_with_parent
from config.schedules import reconcile
from config.supervisor import Supervisor


class Command(BaseCommand):
    help = "Runs the workers and keeps them alive until Ctrl-C or SIGTERM."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cluster", action="store_true", help="be the workers, without a supervisor")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["cluster"]:
            # No member of the cluster outlives the one that started it.
            os.register_at_fork(after_in_child=die_with_parent)
            call_command("qcluster")
            return
        cluster = settings.WAYMARK_CLUSTER
        record = settings.VAR / "run" / f"cluster-{cluster.replace('/', '_')}.json"
        if not alone(record.with_suffix(".lock")):
            raise CommandError(f"the workers {cluster} are kept alive by another process; set WAYMARK_CLUSTER for more")
        reconcile()
        supervisor = Supervisor(cluster, record)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.stop)
        supervisor.run()
