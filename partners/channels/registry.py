"""The channels that lead out of the house, by name. A new one is a module and a line here.

What stands on a screen needs none: it is there as soon as it is told.
"""

from __future__ import annotations

from partners import enums
from partners.channels import email, webhook
from partners.channels.base import Channel

CHANNELS: dict[str, Channel] = {
    enums.Channel.EMAIL: email.session,
    enums.Channel.WEBHOOK: webhook.session,
}
