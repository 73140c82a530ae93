"""Organisations, the people who act for them, and what those want to hear."""

from partners.models.endpoints import WebhookEndpoint, WebhookEndpointQuerySet
from partners.models.jobs import Job, JobQuerySet
from partners.models.notices import Delivery, DeliveryQuerySet, Notification, NotificationAudience, Subscription
from partners.models.people import (
    ApiKey,
    ApiKeyQuerySet,
    Membership,
    Partner,
    PartnerGroupGrant,
    PartnerIdentifier,
    PartnerQuerySet,
    PartnerUserGrant,
    User,
    UserManager,
    UserQuerySet,
)

__all__ = [
    "ApiKey",
    "ApiKeyQuerySet",
    "Delivery",
    "DeliveryQuerySet",
    "Job",
    "JobQuerySet",
    "Membership",
    "Notification",
    "NotificationAudience",
    "Partner",
    "PartnerGroupGrant",
    "PartnerIdentifier",
    "PartnerQuerySet",
    "PartnerUserGrant",
    "Subscription",
    "User",
    "UserManager",
    "UserQuerySet",
    "WebhookEndpoint",
    "WebhookEndpointQuerySet",
]
