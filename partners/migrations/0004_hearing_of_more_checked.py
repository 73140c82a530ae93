"""What 0003 left open because it has to look at the rows of large tables: done while others go on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

WAY, CHANNEL = "delivery_is_one_per_recipient_and_way", "delivery_is_one_per_recipient_and_channel"


def unique(name, columns):
    """(forwards, backwards): the constraint, over an index that is built concurrently first. Cut short, it begins anew."""
    table = 'partners_delivery'
    make = [
        f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}',
        f'DROP INDEX CONCURRENTLY IF EXISTS {name}_built',
        f'CREATE UNIQUE INDEX CONCURRENTLY {name}_built ON {table} ({columns}) NULLS NOT DISTINCT',
        f'ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}_built',
    ]
    return make, [f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}']


NEW, NOT_NEW = unique(WAY, 'notification_id, user_id, channel, endpoint_id')
OLD, NOT_OLD = unique(CHANNEL, 'notification_id, user_id, channel')


class Migration(migrations.Migration):
    # An index is not built concurrently inside a transaction.
    atomic = False

    dependencies = [
        ('partners', '0003_hearing_of_more'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(NEW, NOT_NEW), migrations.RunSQL(NOT_OLD, OLD)],
            state_operations=[
                migrations.AddConstraint(
                    model_name='delivery',
                    constraint=models.UniqueConstraint(
                        fields=('notification', 'user', 'channel', 'endpoint'), name=WAY, nulls_distinct=False
                    ),
                ),
                migrations.RemoveConstraint(model_name='delivery', name=CHANNEL),
            ],
        ),
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS "delivery_on_screen"', migrations.RunSQL.noop, elidable=True),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('channel', 'in_app'), ('state', 'sent')), fields=['user', '-id'], name='delivery_on_screen'),
        ),
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS "delivery_unread"', migrations.RunSQL.noop, elidable=True),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('channel', 'in_app'), ('read_at', None), ('state', 'sent')), fields=['user', 'id'], name='delivery_unread'),
        ),
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS "delivery_of_window"', migrations.RunSQL.noop, elidable=True),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'queued'), ('window_at__isnull', False)), fields=['user', 'window_at', 'id'], name='delivery_of_window'),
        ),
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS "delivery_failed"', migrations.RunSQL.noop, elidable=True),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['-id'], name='delivery_failed'),
        ),
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS "delivery_of_endpoint"', migrations.RunSQL.noop, elidable=True),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('endpoint__isnull', False)), fields=['endpoint', '-id'], name='delivery_of_endpoint'),
        ),
        ValidateConstraint('notification', 'notification_topic_is_known'),
        ValidateConstraint('delivery', 'delivery_channel_is_known'),
        ValidateConstraint('delivery', 'delivery_by_webhook_names_endpoint'),
        ValidateConstraint('delivery', 'delivery_read_stands_on_screen'),
    ]
