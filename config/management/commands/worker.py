from __future__ import annotations

import os
import signal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from config.processes import die_with_parent
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
        reconcile()
        cluster = settings.WAYMARK_CLUSTER
        supervisor = Supervisor(cluster, settings.VAR / "run" / f"cluster-{cluster.replace('/', '_')}.json")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.stop)
        supervisor.run()
