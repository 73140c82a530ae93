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
    CONDITIONAL = "conditional", _("Mandatory where its condition holds, else not in the plan")


class LineScope(TextChoices):
    """How often a line stands in the plan of one shipment."""

    SHIPMENT = "shipment", _("Once")
    UNIT = "unit", _("Per unit")
    LEG = "leg", _("Per leg")
    STOP = "stop", _("Per stop on the way")


class UnitRule(TextChoices):
    """When a line that stands once is reached by the reports of several units (formats.md 9.4, rule 33)."""

    ALL = "all", _("When all units had it")
    ANY = "any", _("When the first unit had it")


class Roll(TextChoices):
    """Where a due day goes that is no working day of its place."""

    NONE = "", _("Stays")
    NEXT = "next", _("To the next working day")
    PREVIOUS = "previous", _("To the working day before")


class ValueField(TextChoices):
    """The values of a milestone that several reports may speak of."""

    PLANNED = "planned", _("Planned")
    ESTIMATED = "estimated", _("Estimated")
    ACTUAL = "actual", _("Actual")


class Preference(TextChoices):
    """What may decide between reports that differ, one after the other until one report is left."""

    TRUST = "trust", _("The most trusted source")
    CORROBORATION = "corroboration", _("What another source confirms")
    RECENCY = "recency", _("The latest report")
    EARLIEST = "earliest", _("The earliest time")
    LATEST = "latest", _("The latest time")


class Evidence(TextChoices):
    """How well the actual time of a milestone is vouched for; empty while it has none and never had one."""

    CONFIRMED = "confirmed", _("Confirmed by two sources")
    SINGLE = "single", _("One source")
    MANUAL = "manual", _("Entered by hand")
    INFERRED = "inferred", _("Inferred")
    DISPUTED = "disputed", _("Sources disagree")
    RETRACTED = "retracted", _("Taken back")


class EtaKind(TextChoices):
    """Who says when it will arrive."""

    PLAN = "plan", _("The plan")
    CARRIER = "carrier", _("The carrier")
    OWN = "own", _("Our own history")


class AnchorKind(TextChoices):
    """What a line's due time counts from."""

    BOOKED = "booked_at", _("Booked")
    CARGO_READY = "cargo_ready_at", _("Cargo ready")
    CUT_OFF = "cut_off_at", _("Cut-off")
    ETD = "etd", _("ETD")
    ETA = "eta", _("ETA")
    LEG_ETD = "leg_etd", _("ETD of the leg")
    LEG_ETA = "leg_eta", _("ETA of the leg")
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
    SKIPPED = "skipped", _("Not needed")


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
    EARLY = "early", _("Early")
    OUT_OF_SEQUENCE = "out_of_sequence", _("Out of sequence")
    UNEXPECTED = "unexpected", _("Not in the plan")
    ETA_SLIP = "eta_slip", _("Arrival has slipped")
    DWELL = "dwell", _("Standing still")
    LAST_FREE_DAY = "last_free_day", _("Last free day")
    DOCUMENT = "document_missing", _("Document missing")
    NO_NEWS = "no_news", _("No news from the source")
    CONFLICT = "conflict", _("Sources disagree")
    DUPLICATE = "duplicate", _("Reported twice")
    COST_OVERRUN = "cost_overrun", _("Cost overrun")
    CONDITION = "condition", _("A condition of your own")


class GroupBy(TextChoices):
    """What cases of a rule may have as their common root."""

    NONE = "", _("Each for itself")
    JOURNEY = "journey", _("The vessel, flight or train")
    PLACE = "place", _("The place")
    SOURCE = "source", _("The source")
    CUSTOMER = "customer", _("The customer")


class CaseStage(TextChoices):
    """How far a case has come by itself."""

    WARNING = "warning", _("Warning")
    BREACH = "breach", _("Breached")
    ESCALATED = "escalated", _("Escalated")


class UpgradeState(TextChoices):
    """Of moving live shipments to another version of their template."""

    PREVIEWED = "previewed", _("Previewed")
    APPLIED = "applied", _("Applied")
    UNDONE = "undone", _("Undone")


UPGRADE_MOVES: dict[str, frozenset[str]] = {
    UpgradeState.PREVIEWED: frozenset({UpgradeState.APPLIED}),
    UpgradeState.APPLIED: frozenset({UpgradeState.UNDONE}),
}


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


class WakeOn(TextChoices):
    """What may end a snooze before its time: {"preset": WakeOn, ...} in `ShipmentException.wake_when`."""

    NEWS = "news", _("Something new is reported")
    ARRIVAL = "arrival", _("The expected arrival moves")
    REACHED = "reached", _("This milestone is reached")


class TaskState(TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("No longer needed")


TASK_MOVES: dict[str, frozenset[str]] = {
    TaskState.OPEN: frozenset({TaskState.DONE, TaskState.CANCELLED}),
    # When the milestone that closed it is taken back, or it is needed after all.
    TaskState.DONE: frozenset({TaskState.OPEN}),
    TaskState.CANCELLED: frozenset({TaskState.OPEN}),
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
    EARLIEST = "earliest", _("The earliest time of several")
    LATEST_TIME = "latest_time", _("The latest time of several")
    TIE = "tie", _("Equal reports, settled by a fixed order")
    ALL_UNITS = "all_units", _("When the last of the units had it")
    FIRST_UNIT = "first_unit", _("When the first of the units had it")
    ALL_PIECES = "all_pieces", _("When the last of the pieces had it")
    FIRST_PLAN = "first_plan", _("The first plan reported")
    RIPPLE = "ripple", _("Moved with the milestone it counts from")
    INFERRED = "inferred", _("Inferred from a later milestone")
    OWN_HISTORY = "own_history", _("Worked out from our own history of the lane")


class Cause(TextChoices):
    """Why a case is open: `facts["cause"]` of it."""

    FREIGHT_LATE = "freight_late", _("The freight is late")
    SOURCE_SILENT = "source_silent", _("The source is silent")
    NEARLY_DUE = "nearly_due", _("It is due soon and nothing is reported")
    SKIPPED = "skipped", _("A later milestone is reached, this one was never reported")
    REPORTED = "reported", _("It is reported to have happened then")
    ESTIMATED = "estimated", _("It is now expected then")
    MOVED_ALONG = "moved_along", _("What it counts from has moved")
    WRONG_ORDER = "wrong_order", _("It is said to have happened before what comes first")
    NOT_PLANNED = "not_planned", _("It happened, though the plan does not have it")
    HELD = "held", _("A hold is in force and nothing has released it")
    STANDING = "standing", _("It arrived there and nothing followed")
    FREE_TIME_ENDS = "free_time_ends", _("Free time ends soon")
    FREE_TIME_OVER = "free_time_over", _("Free time is over, every day costs")
    SOURCES_DIFFER = "sources_differ", _("Trusted sources say different times")
    REPORTED_AGAIN = "reported_again", _("One source reports it again with another time")
    PAPER_MISSING = "paper_missing", _("A paper that has to be there is not")
    COSTS_MORE = "costs_more", _("More is charged than was reckoned with")
    CONDITION_HOLDS = "condition_holds", _("What the rule asks for holds")


class Gone(TextChoices):
    """Why the cause of a case is gone: `facts["gone"]` of it."""

    REPORTED = "reported", _("It was reported")
    INFERRED = "inferred", _("A later milestone implies it")
    EXPECTED_LATER = "expected_later", _("It is expected later now")
    IN_TOLERANCE = "in_tolerance", _("The new time is within tolerance")
    RELEASED = "released", _("The hold was released")
    TAKEN_BACK = "taken_back", _("The report was taken back")
    MOVED_ON = "moved_on", _("It has moved on")
    FILED = "filed", _("The paper is there")
    HEARD = "heard", _("The source reports again")
    AGREED = "agreed", _("The reports agree")
    COSTS_FIT = "costs_fit", _("The cost is within what was expected")
    ARRIVED = "arrived", _("It has arrived")
    DELIVERED = "delivered", _("The shipment was delivered")
    CANCELLED = "cancelled", _("The shipment was cancelled")
    NOT_IN_PLAN = "not_in_plan", _("The plan does not ask for it any more")
    OTHER_RULE = "other_rule", _("Another rule has taken it over")
    RULE_OFF = "rule_off", _("The rule was switched off or changed")
    CONDITION_OVER = "condition_over", _("What the rule asks for does not hold any more")
    MISSING_NOW = "missing_now", _("A later milestone was reached; it counts as missing now")
    CHANGED = "changed", _("What was reported has changed")
