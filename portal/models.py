"""What the doors themselves remember."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partners.access import INTERNAL, Access, ScopedQuerySet
from partners.models import User


class IdempotentRequest(models.Model):
    """(caller, route, key) → the first answer, replayed for the same body and refused for another (Idempotency-Key)."""

    access: ClassVar[Access] = INTERNAL

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    # As text: the database would order the members of a JSON value anew, and the answer has to be the very same.
    response = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = ScopedQuerySet["IdempotentRequest"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "route", "key"], name="idempotency_key_is_used_once")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"


class RequestCount(models.Model):
    """Requests of one caller in one window: the rate limit, counted in the database so that all processes agree."""

    access: ClassVar[Access] = INTERNAL

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    window = models.BigIntegerField()
    count = models.PositiveIntegerField(default=0)

    objects = ScopedQuerySet["RequestCount"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "window"], name="requests_are_counted_once_per_window")]

    def __str__(self) -> str:
        return f"{self.user_id}@{self.window}"


class SavedView(models.Model):
    """A filter of a console list under a name; shared ones are seen by all internal people."""

    access: ClassVar[Access] = INTERNAL

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    room = models.CharField(_("list"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("query"), max_length=500, blank=True)
    is_shared = models.BooleanField(_("shared"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=50)

    objects = ScopedQuerySet["SavedView"].as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "room", "name"], nulls_distinct=False, name="saved_view_name_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(owner__isnull=False) | Q(is_shared=True), name="saved_view_of_nobody_is_shared"
            ),
        ]

    def __str__(self) -> str:
        return self.name
