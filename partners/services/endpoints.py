"""Where other systems are called: entered, given a new secret, disabled; and what failed there, called again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from core.queue import nudge
from partners.access import all_seeing
from partners.channels.webhook import fault_of
from partners.enums import Channel, DeliveryState, Permission
from partners.models import Delivery, Partner, Subscription, User, WebhookEndpoint
from partners.services.calling import shut
from partners.services.checking import checked, must_manage
from partners.services.secrets import seal, unseal
from partners.services.subscriptions import subscribe
from partners.signing import new_secret

# So long both secrets sign after a rotation.
ROTATION = timedelta(hours=24)
MOST_ENDPOINTS = 20
# So many failed calls are queued again at a time.
MOST_REPLAYED = 10_000


@transaction.atomic
def add_endpoint(user: User, *, partner: Partner | None, url: str, by: User | None) -> tuple[WebhookEndpoint, str]:
    """Enter an address that is called on behalf of `user`, and return it with its secret, which is shown this once.

    Raises NotVisible when `by` does not manage the partner's people (the house's, for None), DomainError `invalid`,
    `address_refused`, `too_many_endpoints`.
    """
    _must_manage(by, partner)
    if fault := fault_of(url, settings.WAYMARK_WEBHOOK_HOSTS):
        raise DomainError("address_refused", _("This address is not called: %s.") % fault, field="url")
    if WebhookEndpoint.objects.filter(user=user, partner=partner).count() >= MOST_ENDPOINTS:
        raise DomainError("too_many_endpoints", _("There may be %d endpoints.") % MOST_ENDPOINTS, field="url")
    secret = new_secret()
    endpoint = WebhookEndpoint(user=user, partner=partner, url=url, secret=seal({"current": secret}))
    checked(endpoint)
    endpoint.save()
    return endpoint, secret


@transaction.atomic
def rotate_endpoint_secret(endpoint: WebhookEndpoint, *, by: User | None) -> str:
    """A new secret, shown this once. The old one signs beside it for a day."""
    _must_manage(by, endpoint.partner)
    held = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    secret = new_secret()
    both = {"current": secret, "until": (timezone.now() + ROTATION).isoformat()}
    try:
        both["previous"] = unseal(held.secret)["current"]
    except DomainError:
        # It cannot be read any more, so it signs nothing either.
        both.pop("until")
    WebhookEndpoint.objects.filter(pk=held.pk).update(secret=seal(both))
    return secret


def disable_endpoint(endpoint: WebhookEndpoint, *, by: User | None) -> None:
    """Call it no more. What waits for it fails, and may be called again later."""
    _must_manage(by, endpoint.partner)
    shut(endpoint, _("disabled by %s") % (by or _("the house")))


@transaction.atomic
def enable_endpoint(endpoint: WebhookEndpoint, *, by: User | None) -> None:
    """Call it again from now on. What failed meanwhile is not called by itself."""
    _must_manage(by, endpoint.partner)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        is_active=True, disabled_because="", failures=0, closed_until=None
    )


@transaction.atomic
def choose_topics(endpoint: WebhookEndpoint, *, topics: Iterable[str], by: User | None) -> None:
    """Make `topics` all that the endpoint is called for. Raises what `subscribe` raises."""
    _must_manage(by, endpoint.partner)
    wanted = list(dict.fromkeys(topics))
    for topic in wanted:
        subscribe(
            endpoint.user, partner=endpoint.partner, topic=topic, channel=Channel.WEBHOOK, by=None, endpoint=endpoint
        )
    Subscription.objects.filter(endpoint=endpoint).exclude(topic__in=wanted).delete()


@transaction.atomic
def replay_failed(endpoint: WebhookEndpoint, *, since: datetime, by: User | None) -> int:
    """Queue again what failed there and was told since then, the oldest first, 10,000 at most. Returns how many."""
    _must_manage(by, endpoint.partner)
    failed = Delivery.objects.failed().filter(endpoint=endpoint, created_at__gte=since)
    oldest = failed.order_by("pk").values("pk")[:MOST_REPLAYED]
    again = Delivery.objects.failed().filter(pk__in=oldest)
    count = again.update(state=DeliveryState.QUEUED, attempts=0, not_before=Now(), lease_token=None, lease_until=None)
    if count:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failures=0, closed_until=None)
        nudge("advance")
    return count


def _must_manage(by: User | None, partner: Partner | None) -> None:
    if partner is not None:
        must_manage(by, partner)
    elif by is not None and by.pk not in all_seeing(Permission.MANAGE_MEMBERS):
        raise NotVisible(str(WebhookEndpoint._meta.verbose_name))
