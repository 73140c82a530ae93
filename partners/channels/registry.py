"""The channels by name. A new one is a module and a line here."""

from __future__ import annotations

from partners import enums
from partners.channels import email
from partners.channels.base import Channel

CHANNELS: dict[str, Channel] = {enums.Channel.EMAIL: email.session}
