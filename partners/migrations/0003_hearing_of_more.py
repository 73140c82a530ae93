"""Who wants to hear of what more exactly, on more channels. Safe on tables of ten million rows: what has to look at their
rows stands in 0004."""

import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('partners', '0002_jobs'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('url', models.URLField(max_length=500, verbose_name='address')),
                ('secret', models.BinaryField()),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('disabled_because', models.CharField(blank=True, max_length=200, verbose_name='disabled because')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('closed_until', models.DateTimeField(blank=True, null=True, verbose_name='left alone until')),
                ('delivered', models.PositiveBigIntegerField(default=0, verbose_name='delivered')),
                ('last_success_at', models.DateTimeField(blank=True, null=True, verbose_name='last success')),
                ('last_failure_at', models.DateTimeField(blank=True, null=True, verbose_name='last failure')),
                ('last_error', models.CharField(blank=True, max_length=500, verbose_name='last error')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'webhook endpoint',
                'verbose_name_plural': 'webhook endpoints',
            },
        ),
        migrations.RemoveConstraint(
            model_name='notification',
            name='notification_topic_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='subscription',
            name='subscription_is_one_per_topic_and_channel',
        ),
        migrations.RemoveConstraint(
            model_name='subscription',
            name='subscription_topic_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='subscription',
            name='subscription_channel_is_known',
        ),
        migrations.AddField(
            model_name='delivery',
            name='read_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='read'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='window_at',
            field=models.DateTimeField(blank=True, help_text='What has the same end goes out in one letter', null=True, verbose_name='digest of'),
        ),
        migrations.AddField(
            model_name='notification',
            name='kind',
            field=models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name='kind'),
        ),
        migrations.AddField(
            model_name='notification',
            name='size',
            field=models.IntegerField(db_default=0, default=0, help_text='Severity from 1 low to 4 critical, or minutes', verbose_name='size'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='digest',
            field=models.CharField(choices=[('at_once', 'At once'), ('hourly', 'Hourly, in one letter'), ('daily', 'Daily, in one letter')], db_default='at_once', default='at_once', max_length=16, verbose_name='how often'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='kinds',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, db_default=[], default=list, size=None, verbose_name='only these kinds'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='subject',
            field=models.CharField(blank=True, db_default='', default='', help_text='One shipment that is followed, as shipment:<uuid>; empty: all', max_length=100, verbose_name='only of'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='threshold',
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name='only from this size on'),
        ),
        migrations.AddField(
            model_name='user',
            name='digest_at',
            field=models.TimeField(db_default=datetime.time(7, 0), default=datetime.time(7, 0), verbose_name='daily digest at'),
        ),
        migrations.AddField(
            model_name='user',
            name='hears_critical',
            field=models.BooleanField(db_default=False, default=False, verbose_name='critical problems come in quiet hours too'),
        ),
        migrations.AddField(
            model_name='user',
            name='quiet_from',
            field=models.TimeField(blank=True, null=True, verbose_name='no mail from'),
        ),
        migrations.AddField(
            model_name='user',
            name='quiet_until',
            field=models.TimeField(blank=True, help_text="By the person's own clock", null=True, verbose_name='until'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='channel',
            field=models.CharField(choices=[('email', 'E-mail'), ('in_app', 'On screen'), ('webhook', 'Webhook')], max_length=16, verbose_name='channel'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='topic',
            field=models.CharField(choices=[('exception_opened', 'A problem was opened'), ('exception_escalated', 'A problem was escalated'), ('exception_resolved', 'A problem was resolved'), ('milestone_reached', 'A milestone was reached'), ('eta_changed', 'The expected arrival changed'), ('task_opened', 'A task was opened'), ('invoice_issued', 'An invoice was issued')], max_length=32, verbose_name='topic'),
        ),
        migrations.AlterField(
            model_name='subscription',
            name='channel',
            field=models.CharField(choices=[('email', 'E-mail'), ('in_app', 'On screen'), ('webhook', 'Webhook')], default='email', max_length=16, verbose_name='channel'),
        ),
        migrations.AlterField(
            model_name='subscription',
            name='topic',
            field=models.CharField(choices=[('exception_opened', 'A problem was opened'), ('exception_escalated', 'A problem was escalated'), ('exception_resolved', 'A problem was resolved'), ('milestone_reached', 'A milestone was reached'), ('eta_changed', 'The expected arrival changed'), ('task_opened', 'A task was opened'), ('invoice_issued', 'An invoice was issued')], max_length=32, verbose_name='topic'),
        ),
        AddConstraintNotValid(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['exception_opened', 'exception_escalated', 'exception_resolved', 'milestone_reached', 'eta_changed', 'task_opened', 'invoice_issued'])), name='notification_topic_is_known'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quiet_from', None), ('quiet_until', None)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False), models.Q(('quiet_from', models.F('quiet_until')), _negated=True)), _connector='OR'), name='user_quiet_hours_begin_and_end', violation_error_message='Quiet hours need a beginning and another end, or neither.'),
        ),
        migrations.AddField(
            model_name='webhookendpoint',
            name='partner',
            field=models.ForeignKey(blank=True, help_text='Empty for the house: all partners', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='endpoints', to='partners.partner', verbose_name='partner'),
        ),
        migrations.AddField(
            model_name='webhookendpoint',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='endpoints', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='endpoint',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='partners.webhookendpoint', verbose_name='endpoint'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='endpoint',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='partners.webhookendpoint', verbose_name='endpoint'),
        ),
        AddConstraintNotValid(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['email', 'in_app', 'webhook'])), name='delivery_channel_is_known'),
        ),
        AddConstraintNotValid(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', 'webhook'), ('endpoint__isnull', False)), models.Q(models.Q(('channel', 'webhook'), _negated=True), ('endpoint', None)), _connector='OR'), name='delivery_by_webhook_names_endpoint'),
        ),
        AddConstraintNotValid(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('read_at', None), ('channel', 'in_app'), _connector='OR'), name='delivery_read_stands_on_screen'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(fields=('user', 'partner', 'subject', 'topic', 'channel', 'endpoint'), name='subscription_is_one_per_topic_and_way', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['exception_opened', 'exception_escalated', 'exception_resolved', 'milestone_reached', 'eta_changed', 'task_opened', 'invoice_issued'])), name='subscription_topic_is_known'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['email', 'in_app', 'webhook'])), name='subscription_channel_is_known'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('digest', 'at_once'), models.Q(('channel', 'email'), ('digest__in', ['at_once', 'hourly', 'daily'])), _connector='OR'), name='subscription_digest_is_by_mail', violation_error_message='Only mails are gathered into one letter.'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', 'webhook'), ('endpoint__isnull', False)), models.Q(models.Q(('channel', 'webhook'), _negated=True), ('endpoint', None)), _connector='OR'), name='subscription_of_webhook_names_endpoint', violation_error_message='A webhook needs its endpoint, and nothing else has one.'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('subject', ''), ('subject__regex', '^shipment:[0-9a-f-]{36}$'), _connector='OR'), name='subscription_follows_a_shipment', violation_error_message='Only a shipment can be followed.'),
        ),
        migrations.AddConstraint(
            model_name='webhookendpoint',
            constraint=models.UniqueConstraint(fields=('user', 'partner', 'url'), name='endpoint_is_entered_once', nulls_distinct=False, violation_error_message='This address is entered already.'),
        ),
        migrations.AddConstraint(
            model_name='webhookendpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('disabled_because', ''), ('is_active', True)), models.Q(('is_active', False), models.Q(('disabled_because', ''), _negated=True)), _connector='OR'), name='endpoint_disabled_says_why'),
        ),
    ]
