"""What the fields, the operators and the refusals of conditions are called on screen."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class FieldType(TextChoices):
    TEXT = "text", _("Text")
    CHOICE = "choice", _("One of a list")
    NUMBER = "number", _("Number")
    MONEY = "money", _("Sum of money")
    INSTANT = "instant", _("Point in time")
    FLAG = "flag", _("Yes or no")
    CODES = "codes", _("Several of a list")


class About(TextChoices):
    """What a field speaks of; the first part of its name."""

    SHIPMENT = "shipment", _("Shipment")
    MILESTONE = "milestone", _("Milestone")
    EVENT = "event", _("Deciding event")
    PARTNER = "partner", _("Partners")
    MONEY = "money", _("Money")


class Operator(TextChoices):
    IS = "is", _("is")
    IS_NOT = "is_not", _("is not")
    IN = "in", _("is one of")
    NOT_IN = "not_in", _("is none of")
    LESS = "less", _("is less than")
    AT_MOST = "at_most", _("is at most")
    MORE = "more", _("is more than")
    AT_LEAST = "at_least", _("is at least")
    STARTS_WITH = "starts_with", _("starts with")
    CONTAINS = "contains", _("contains")
    IS_EMPTY = "is_empty", _("is empty")
    IS_NOT_EMPTY = "is_not_empty", _("is not empty")


class ConditionField(TextChoices):
    """Name and label of every field that a condition may ask for."""

    SHIPMENT_MODE = "shipment.mode", _("Mode")
    SHIPMENT_TYPE = "shipment.type", _("Type")
    SHIPMENT_SERVICE = "shipment.service", _("Service")
    SHIPMENT_REFERENCE = "shipment.reference", _("Reference")
    SHIPMENT_CUSTOMER = "shipment.customer", _("Customer (code)")
    SHIPMENT_ORIGIN = "shipment.origin", _("Origin (UN/LOCODE)")
    SHIPMENT_ORIGIN_COUNTRY = "shipment.origin_country", _("Country of origin")
    SHIPMENT_DESTINATION = "shipment.destination", _("Destination (UN/LOCODE)")
    SHIPMENT_DESTINATION_COUNTRY = "shipment.destination_country", _("Country of destination")
    SHIPMENT_UNITS = "shipment.units", _("Number of units")
    SHIPMENT_LEGS = "shipment.legs", _("Number of legs")
    SHIPMENT_BOOKED_AT = "shipment.booked_at", _("Booked")
    SHIPMENT_CARGO_READY_AT = "shipment.cargo_ready_at", _("Cargo ready")
    SHIPMENT_CUT_OFF_AT = "shipment.cut_off_at", _("Cut-off")
    SHIPMENT_ETD = "shipment.etd", _("Planned departure (ETD)")
    SHIPMENT_ETA = "shipment.eta", _("Planned arrival (ETA)")
    SHIPMENT_IS_CANCELLED = "shipment.is_cancelled", _("Cancelled")
    SHIPMENT_STATUS = "shipment.status", _("Status")
    SHIPMENT_HEALTH = "shipment.health", _("Health")
    SHIPMENT_PROGRESS = "shipment.progress", _("Progress in percent")
    SHIPMENT_COMPLETENESS = "shipment.completeness", _("Completeness in percent")
    SHIPMENT_EXPECTED_ARRIVAL_AT = "shipment.expected_arrival_at", _("Expected arrival")
    SHIPMENT_LAST_EVENT_AT = "shipment.last_event_at", _("Last event received")
    SHIPMENT_DAYS_SINCE_LAST_EVENT = "shipment.days_since_last_event", _("Full days since the last event")
    MILESTONE_CODE = "milestone.code", _("Milestone (code)")
    MILESTONE_PLACE = "milestone.place", _("Place (UN/LOCODE)")
    MILESTONE_PLACE_ROLE = "milestone.place_role", _("Place role")
    MILESTONE_UNIT = "milestone.unit", _("Unit")
    MILESTONE_STATE = "milestone.state", _("State")
    MILESTONE_DEVIATION = "milestone.deviation", _("Deviation")
    MILESTONE_EVIDENCE = "milestone.evidence", _("Evidence")
    MILESTONE_AUDIENCE = "milestone.audience", _("Who may see it")
    MILESTONE_RESPONSIBLE = "milestone.responsible", _("Responsible")
    MILESTONE_IS_MANDATORY = "milestone.is_mandatory", _("Mandatory")
    MILESTONE_IS_INFERRED = "milestone.is_inferred", _("Inferred")
    MILESTONE_BASELINE_AT = "milestone.baseline_at", _("Baseline")
    MILESTONE_PLANNED_AT = "milestone.planned_at", _("Planned")
    MILESTONE_ESTIMATED_AT = "milestone.estimated_at", _("Estimated")
    MILESTONE_ACTUAL_AT = "milestone.actual_at", _("Actual")
    MILESTONE_EXPECTED_AT = "milestone.expected_at", _("Due: estimated, else planned")
    MILESTONE_MINUTES_LATE = "milestone.minutes_late", _("Minutes late: actual, else estimated, less planned")
    MILESTONE_MINUTES_OVERDUE = "milestone.minutes_overdue", _("Minutes past due, while not reached")
    MILESTONE_MINUTES_TO_DUE = "milestone.minutes_to_due", _("Minutes until due, while not reached")
    MILESTONE_SLIP_MINUTES = "milestone.slip_minutes", _("Minutes behind the baseline")
    EVENT_SOURCE = "event.source", _("Source (code)")
    EVENT_SOURCE_KIND = "event.source_kind", _("How it came")
    EVENT_TRUST = "event.trust", _("Trust of the source")
    EVENT_CLASSIFIER = "event.classifier", _("Classifier")
    EVENT_RECEIVED_AT = "event.received_at", _("Received")
    PARTNER_CUSTOMER_KIND = "partner.customer_kind", _("Kinds of the customer")
    PARTNER_CUSTOMER_COUNTRY = "partner.customer_country", _("Country of the customer")
    PARTNER_CARRIER = "partner.carrier", _("Carrier of the first leg that names one (code)")
    PARTNER_ROLES = "partner.roles", _("Roles that are filled")
    PARTNER_CODES = "partner.codes", _("Partners involved (codes)")
    MONEY_CURRENCY = "money.currency", _("Currency")
    MONEY_EXPECTED_COST = "money.expected_cost", _("Expected cost")
    MONEY_COST = "money.cost", _("Cost")
    MONEY_REVENUE = "money.revenue", _("Revenue")
    MONEY_MARGIN = "money.margin", _("Margin: revenue less cost")
    MONEY_OVERRUN_PERCENT = "money.overrun_percent", _("Cost over expectation in full percent")


class Refusal(TextChoices):
    """Why a condition cannot be used. What stands in %(...)s is filled in by `refusal`."""

    SHAPE = "shape", _("A condition is a group (all, any, not) or a row of field, operator and value.")
    EMPTY_GROUP = "empty_group", _("A group needs at least one condition.")
    TOO_DEEP = "too_deep", _("Conditions stand at most %(limit)s levels deep.")
    TOO_MANY = "too_many", _("A rule has at most %(limit)s conditions and groups.")
    UNKNOWN_FIELD = "unknown_field", _("There is no field “%(field)s”.")
    OTHER_FIELD = "other_field", _("The field “%(field)s” cannot be asked for here.")
    UNKNOWN_OPERATOR = "unknown_operator", _("There is no operator “%(op)s”.")
    OTHER_OPERATOR = "other_operator", _("“%(op)s” does not go with this field.")
    NO_VALUE = "no_value", _("“%(op)s” takes no value.")
    TEXT = "text", _("Give a text of 1 to %(limit)s printable characters.")
    CHOICE = "choice", _("“%(value)s” is none of the values of this field.")
    NUMBER = "number", _("Give a number between -%(limit)s and %(limit)s.")
    MONEY = "money", _("Give a sum with at most 14 digits before the point and two after it.")
    FLAG = "flag", _("Give true or false.")
    INSTANT = (
        "instant",
        _("Give an instant with its offset, such as 2026-03-01T12:00:00Z, or one like now-3d, now+12h."),
    )
    LIST = "list", _("Give a list of 1 to %(limit)s values.")


def refusal(code: str, **facts: object) -> str:
    """The text of a Refusal in the language of the reader."""
    return gettext(str(Refusal(code).label)) % facts
