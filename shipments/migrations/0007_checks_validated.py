"""What 0005 added without looking at the rows that stand: looked at now, while others go on writing."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shipments", "0006_more_vocabulary")]

    operations = [
        ValidateConstraint("message", "message_progress_is_a_percentage"),
        ValidateConstraint("waitingevent", "waiting_event_reason_is_known"),
    ]
