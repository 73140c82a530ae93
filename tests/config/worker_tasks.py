from __future__ import annotations

import time
import uuid

from django.utils import timezone

from config.models import Heartbeat


def mark(name: str) -> None:
    Heartbeat.objects.create(name=name, beaten_at=timezone.now(), beat_token=uuid.uuid4())


def sleep(name: str, seconds: int) -> None:
    mark(name)
    time.sleep(seconds)
