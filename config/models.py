from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.access import INTERNAL, Access, ScopedQuerySet


class Heartbeat(models.Model):
    """The last sign of life that came through the real queue. One row a worker host."""

    access: ClassVar[Access] = INTERNAL

    name = models.CharField(_("name"), max_length=100, unique=True)
    beaten_at = models.DateTimeField(_("beaten at"))
    beat_token = models.UUIDField(_("token of the beat"))

    objects = ScopedQuerySet["Heartbeat"].as_manager()

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
