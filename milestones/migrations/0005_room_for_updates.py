"""Room on the pages of what the stream keeps changing: a row that stays on its page needs no new index entries."""

from __future__ import annotations

from django.db import migrations

_TABLES = ("milestones_milestone", "milestones_journey")


class Migration(migrations.Migration):
    dependencies = [("milestones", "0004_default_rules")]

    operations = [
        migrations.RunSQL(
            [f"ALTER TABLE {table} SET (fillfactor = 80)" for table in _TABLES],
            [f"ALTER TABLE {table} RESET (fillfactor)" for table in _TABLES],
        )
    ]
