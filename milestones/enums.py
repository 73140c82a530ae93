"""Closed vocabularies of the milestones app and the tables of allowed moves."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PlaceRole(TextChoices):
    """Where on the shipment's way a milestone happens."""

    ANY = "any", _("Anywhere")
    ORIGIN = "origin", _("Origin")
    POL = "pol", _("Place of loading")
    TRANSIT = "transit", _("In transit")
    POD = "pod", _("Place of discharge")
    DESTINATION = "destination", _("Destination")


class Requirement(TextChoices):
    MANDATORY = "mandatory", _("Mandatory")
    OPTIONAL = "optional", _("Optional")


class AnchorKind(TextChoices):
    """What a line's due time counts from."""

    BOOKED = "booked_at", _("Booked")
    CARGO_READY = "cargo_ready_at", _("Cargo ready")
    CUT_OFF = "cut_off_at", _("Cut-off")
    ETD = "etd", _("ETD")
    ETA = "eta", _("ETA")
    LINE = "line", _("Another line")


class DayBasis(TextChoices):
    CALENDAR = "calendar", _("Calendar time")
    WORKING = "working", _("Working days of the place")


class Audience(TextChoices):
    INTERNAL = "internal", _("Internal")
    PARTNER = "partner", _("Partners")
    CUSTOMER = "customer", _("Partners and the customer")
    PUBLIC = "public", _("Everybody with the link")


class TemplateState(TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class MilestoneState(TextChoices):
    PLANNED = "planned", _("Planned")
    ESTIMATED = "estimated", _("Expected")
    OVERDUE = "overdue", _("Overdue")
    MISSING = "missing", _("Missing")
    REACHED = "reached", _("Reached")


class Deviation(TextChoices):
    """domain.md, deviation classes; empty while nothing can be said."""

    EARLY = "early", _("Early")
    ON_TIME = "on_time", _("On time")
    LATE = "late", _("Late")
    OVERDUE = "overdue", _("Overdue")
    UNEXPECTED = "unexpected", _("Not in the plan")
    OUT_OF_SEQUENCE = "out_of_sequence", _("Out of sequence")
    MISSING = "missing_mandatory", _("Missing")


class JourneyStatus(TextChoices):
    BOOKED = "booked", _("Booked")
    IN_TRANSIT = "in_transit", _("In transit")
    ARRIVED = "arrived", _("Arrived")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")


class Health(TextChoices):
    ON_TIME = "on_time", _("On time")
    AT_RISK = "at_risk", _("At risk")
    LATE = "late", _("Late")
    NO_UPDATE = "no_update", _("No update")


class ExceptionKind(TextChoices):
    OVERDUE = "overdue", _("Overdue")
    LATE = "late", _("Late")
    MISSING = "missing", _("Missing milestone")
    HOLD = "hold", _("On hold")


class Severity(TextChoices):
    CRITICAL = "critical", _("Critical")
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class CaseState(TextChoices):
    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    SNOOZED = "snoozed", _("Snoozed")
    RESOLVED = "resolved", _("Resolved")


UNRESOLVED: tuple[str, ...] = (CaseState.OPEN, CaseState.ACKNOWLEDGED, CaseState.SNOOZED)

CASE_MOVES: dict[str, frozenset[str]] = {
    CaseState.OPEN: frozenset({CaseState.ACKNOWLEDGED, CaseState.SNOOZED, CaseState.RESOLVED}),
    CaseState.ACKNOWLEDGED: frozenset({CaseState.SNOOZED, CaseState.RESOLVED}),
    CaseState.SNOOZED: frozenset({CaseState.OPEN, CaseState.ACKNOWLEDGED, CaseState.RESOLVED}),
}


class TaskState(TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("No longer needed")


TASK_MOVES: dict[str, frozenset[str]] = {
    TaskState.OPEN: frozenset({TaskState.DONE, TaskState.CANCELLED}),
}


class WorkRole(TextChoices):
    """Who is responsible for a milestone, a case or a task inside the house; names of the internal groups."""

    SALES = "sales", _("Sales")
    OPERATIONS = "operations", _("Operations")
    CUSTOMS = "customs", _("Customs")
    FINANCE = "finance", _("Finance")


class DecisionRule(TextChoices):
    """Why a value of a milestone stands: the `rule` of `Milestone.decisions`."""

    ONLY = "only", _("The only report")
    TRUST = "trust", _("From the most trusted source")
    CORROBORATION = "corroboration", _("Confirmed by another source")
    LATEST = "latest", _("The latest report")
    TIE = "tie", _("Equal reports, settled by a fixed order")
    ALL_UNITS = "all_units", _("When the last of the units had it")
    ALL_PIECES = "all_pieces", _("When the last of the pieces had it")
    FIRST_PLAN = "first_plan", _("The first plan reported")
    RIPPLE = "ripple", _("Moved with the milestone it counts from")
    INFERRED = "inferred", _("Inferred from a later milestone")


class Cause(TextChoices):
    """Why a milestone is overdue: `facts["cause"]` of its case."""

    FREIGHT_LATE = "freight_late", _("The freight is late")
    SOURCE_SILENT = "source_silent", _("The source is silent")
