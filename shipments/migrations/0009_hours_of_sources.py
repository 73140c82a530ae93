"""A day of a source is counted by the hour, too. No row is touched: the days that stand have no hours."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shipments", "0008_more_places")]

    operations = [
        migrations.AddField(
            model_name="sourceday",
            name="hours",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveIntegerField(), db_default=[], default=list, size=None,
                verbose_name="messages by hour",
            ),
        ),
    ]
