from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from milestones.services import refresh_transit_times


class Command(BaseCommand):
    help = "Works out anew how long the lanes take and who foretold arrivals better, as the schedule does once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(refresh_transit_times()))
