"""What 0006 and 0007 added without looking at the rows that stand: looked at now, while others go on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('milestones', '0008_foresight'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='shipmentexception',
            index=models.Index(condition=models.Q(('group__isnull', False)), fields=['group'], name='exception_by_group'),
        ),
        ValidateConstraint('journey', 'journey_completeness_is_a_percentage'),
        ValidateConstraint('milestone', 'milestone_state_is_known'),
        ValidateConstraint('shipmentexception', 'exception_snoozed_says_until_when'),
        ValidateConstraint('shipmentexception', 'exception_stage_is_known'),
    ]
