"""The verbs of the partners app."""

from partners.services.jobs import advance_job, cancel_job, resume_job, start_job, work_jobs
from partners.services.keys import create_api_key, find_api_key, revoke_api_key
from partners.services.notices import notify, withdraw_deliveries
from partners.services.outbox import retry_delivery, send_deliveries
from partners.services.partners import save_partner
from partners.services.subscriptions import subscribe, unsubscribe
from partners.services.users import add_member, remove_member, save_user

__all__ = [
    "add_member",
    "advance_job",
    "cancel_job",
    "create_api_key",
    "find_api_key",
    "notify",
    "remove_member",
    "resume_job",
    "retry_delivery",
    "revoke_api_key",
    "save_partner",
    "save_user",
    "send_deliveries",
    "start_job",
    "subscribe",
    "unsubscribe",
    "withdraw_deliveries",
    "work_jobs",
]
