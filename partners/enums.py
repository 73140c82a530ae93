"""Closed vocabularies of the partners app and the table of what each role may do."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PartnerKind(TextChoices):
    CUSTOMER = "customer", _("Customer")
    SHIPPER = "shipper", _("Shipper")
    CONSIGNEE = "consignee", _("Consignee")
    FORWARDER = "forwarder", _("Forwarder or agent")
    CARRIER = "carrier", _("Carrier")
    WAREHOUSE = "warehouse", _("Warehouse")
    CUSTOMS_BROKER = "customs_broker", _("Customs broker")
    CUSTOMS_AUTHORITY = "customs_authority", _("Customs authority")
    TERMINAL = "terminal", _("Terminal")
    LAST_MILE_CARRIER = "last_mile_carrier", _("Last-mile carrier")
    THIRD_PARTY_LOGISTICS = "3pl", _("3PL")


class IdentifierScheme(TextChoices):
    SCAC = "scac", _("SCAC")
    IATA = "iata", _("IATA airline code")
    TAX_ID = "tax_id", _("Tax number")
    EORI = "eori", _("EORI")
    GLN = "gln", _("GLN")


class UserKind(TextChoices):
    INTERNAL = "internal", _("Internal")
    PARTNER = "partner", _("Partner")
    SERVICE = "service", _("API key")


class Clock(TextChoices):
    """Whose time a person reads on the screen (ux.md 4.3)."""

    PLACE = "place", _("Time of the place")
    MINE = "mine", _("My time")
    UTC = "utc", _("UTC")


class Role(TextChoices):
    """What a person of a partner may do for that partner."""

    VIEWER = "viewer", _("Viewer")
    EDITOR = "editor", _("Editor")
    ADMINISTRATOR = "administrator", _("Administrator")


class Permission(TextChoices):
    """Permissions granted on a partner (guardian), as codenames."""

    VIEW_PARTNER = "view_partner", _("May see the partner")
    VIEW_SHIPMENTS = "view_shipments", _("May see the partner's shipments")
    REPORT_EVENTS = "report_events", _("May report events for the partner")
    CHANGE_SHIPMENTS = "change_shipments", _("May create and change shipments of the partner")
    VIEW_INVOICES = "view_invoices", _("May see the partner's invoices")
    MANAGE_MEMBERS = "manage_members", _("May manage the partner's people and keys")


class Scope(TextChoices):
    """Scopes of an API key."""

    READ = "read", _("Read")
    WRITE = "write", _("Write")
    INGEST = "ingest", _("Send events")
    FINANCE = "finance", _("Finance")


ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.VIEWER: frozenset({Permission.VIEW_PARTNER, Permission.VIEW_SHIPMENTS}),
    Role.EDITOR: frozenset(
        {Permission.VIEW_PARTNER, Permission.VIEW_SHIPMENTS, Permission.REPORT_EVENTS, Permission.CHANGE_SHIPMENTS}
    ),
    Role.ADMINISTRATOR: frozenset(Permission.values),
}

SCOPE_PERMISSIONS: dict[str, frozenset[str]] = {
    Scope.READ: frozenset({Permission.VIEW_PARTNER, Permission.VIEW_SHIPMENTS}),
    Scope.WRITE: frozenset({Permission.VIEW_PARTNER, Permission.VIEW_SHIPMENTS, Permission.CHANGE_SHIPMENTS}),
    Scope.INGEST: frozenset({Permission.REPORT_EVENTS}),
    Scope.FINANCE: frozenset({Permission.VIEW_PARTNER, Permission.VIEW_INVOICES}),
}


class InternalGroup(TextChoices):
    SALES = "sales", _("Sales")
    OPERATIONS = "operations", _("Operations")
    CUSTOMS = "customs", _("Customs")
    FINANCE = "finance", _("Finance")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class Channel(TextChoices):
    EMAIL = "email", _("E-mail")
    IN_APP = "in_app", _("On screen")
    WEBHOOK = "webhook", _("Webhook")


class Digest(TextChoices):
    """How often a mail comes: each by itself, or those of a while in one letter."""

    AT_ONCE = "at_once", _("At once")
    HOURLY = "hourly", _("Hourly, in one letter")
    DAILY = "daily", _("Daily, in one letter")


class Topic(TextChoices):
    """What one may subscribe to."""

    EXCEPTION_OPENED = "exception_opened", _("A problem was opened")
    EXCEPTION_ESCALATED = "exception_escalated", _("A problem was escalated")
    EXCEPTION_RESOLVED = "exception_resolved", _("A problem was resolved")
    MILESTONE_REACHED = "milestone_reached", _("A milestone was reached")
    ETA_CHANGED = "eta_changed", _("The expected arrival changed")
    TASK_OPENED = "task_opened", _("A task was opened")
    INVOICE_ISSUED = "invoice_issued", _("An invoice was issued")


class DeliveryState(TextChoices):
    QUEUED = "queued", _("Queued")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


DELIVERY_MOVES: dict[str, frozenset[str]] = {
    DeliveryState.QUEUED: frozenset({DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.WITHDRAWN}),
    DeliveryState.FAILED: frozenset({DeliveryState.QUEUED}),
}

# What one must hold on a partner to hear of a topic on its behalf.
TOPIC_PERMISSIONS: dict[str, str] = {
    **dict.fromkeys(Topic.values, Permission.VIEW_SHIPMENTS),
    Topic.INVOICE_ISSUED: Permission.VIEW_INVOICES,
}
# Whose size is a severity, 1 low to 4 critical; and what one hears of a shipment that one follows.
GRADED_TOPICS = frozenset({Topic.EXCEPTION_OPENED, Topic.EXCEPTION_ESCALATED, Topic.EXCEPTION_RESOLVED})
CRITICAL_SIZE = 4
FOLLOWED_TOPICS = (
    Topic.EXCEPTION_OPENED,
    Topic.EXCEPTION_ESCALATED,
    Topic.EXCEPTION_RESOLVED,
    Topic.MILESTONE_REACHED,
    Topic.ETA_CHANGED,
)


class JobState(TextChoices):
    """Of a long piece of work that a person asked for."""

    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


JOB_MOVES: dict[str, frozenset[str]] = {
    JobState.RUNNING: frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED}),
    # What failed or was cancelled goes on from where it stood.
    JobState.FAILED: frozenset({JobState.RUNNING}),
    JobState.CANCELLED: frozenset({JobState.RUNNING}),
}
