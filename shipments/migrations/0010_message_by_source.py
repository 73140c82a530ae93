"""The last messages of a source, found by an index that is built while others go on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index is not built concurrently inside a transaction.
    atomic = False

    dependencies = [("shipments", "0009_hours_of_sources")]

    operations = [
        # A build that was cut short leaves an index behind that is not valid; it is built anew.
        migrations.RunSQL(
            'DROP INDEX CONCURRENTLY IF EXISTS "message_by_source"', migrations.RunSQL.noop, elidable=True
        ),
        AddIndexConcurrently(
            model_name="message", index=models.Index(fields=["source", "-id"], name="message_by_source")
        ),
    ]
