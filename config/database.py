"""Which database, and how long a statement of which kind of process may take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from config import environment
from config.postgres import Server

ROLES = ("web", "worker", "command")

# Milliseconds. A person's request gives up early; a worker's batch may take longer, but never for ever; a command
# (a migration, a load) may run as long as it needs.
_LIMITS = {
    "web": {"lock_timeout": 5_000, "statement_timeout": 30_000, "idle_in_transaction_session_timeout": 60_000},
    "worker": {"lock_timeout": 10_000, "statement_timeout": 60_000, "idle_in_transaction_session_timeout": 90_000},
    "command": {"lock_timeout": 10_000, "statement_timeout": 0, "idle_in_transaction_session_timeout": 0},
}


def embedded(var: Path) -> Server | None:
    """The embedded server, or None when DATABASE_URL names another."""
    return None if os.environ.get("DATABASE_URL") else Server(var / "postgres")


def settings_for(role: str, var: Path) -> dict[str, Any]:
    """Django's DATABASES["default"] for a process of `role`. Reads the password file, opens no connection."""
    server = embedded(var)
    found = environment.database("DATABASE_URL", server.url() if server else os.environ["DATABASE_URL"])
    limits = dict(_LIMITS[role])
    for name in limits:
        variable = f"WAYMARK_{role.upper()}_{name.upper()}"
        limits[name] = environment.integer(variable, limits[name], least=0, most=86_400_000)
    # Persistent connections: a new one costs more than most requests. A worker keeps its own for life; a command, which
    # may fork, makes none before it needs it.
    found["CONN_MAX_AGE"] = {"web": 60, "worker": None, "command": 0}[role]
    found["CONN_HEALTH_CHECKS"] = True
    found["OPTIONS"] |= {
        "application_name": f"waymark-{role}",
        "options": " ".join(f"-c {name}={milliseconds}" for name, milliseconds in limits.items()),
    }
    return found
