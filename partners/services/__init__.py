"""The verbs of the partners app."""

from partners.services.endpoints import (
    add_endpoint,
    choose_topics,
    disable_endpoint,
    enable_endpoint,
    replay_failed,
    rotate_endpoint_secret,
)
from partners.services.jobs import advance_job, cancel_job, resume_job, start_job, work_jobs
from partners.services.keys import create_api_key, find_api_key, revoke_api_key
from partners.services.notices import notify, withdraw_deliveries
from partners.services.outbox import retry_delivery, send_deliveries
from partners.services.partners import save_partner
from partners.services.reading import count_unread, mark_read
from partners.services.subscriptions import Wish, follow, save_preferences, subscribe, unfollow, unsubscribe
from partners.services.users import add_member, remove_member, save_user

__all__ = [
    "Wish",
    "add_endpoint",
    "add_member",
    "advance_job",
    "cancel_job",
    "choose_topics",
    "count_unread",
    "create_api_key",
    "disable_endpoint",
    "enable_endpoint",
    "find_api_key",
    "follow",
    "mark_read",
    "notify",
    "remove_member",
    "replay_failed",
    "resume_job",
    "retry_delivery",
    "revoke_api_key",
    "rotate_endpoint_secret",
    "save_partner",
    "save_preferences",
    "save_user",
    "send_deliveries",
    "start_job",
    "subscribe",
    "unfollow",
    "unsubscribe",
    "withdraw_deliveries",
    "work_jobs",
]
