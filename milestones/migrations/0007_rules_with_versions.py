"""Rules with versions, conditions and stages; cases with a common root."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('milestones', '0006_plans_of_every_kind'),
        ('partners', '0002_jobs'),
        ('shipments', '0012_fewer_indexes_of_messages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('key', models.CharField(editable=False, max_length=120)),
                ('facts', models.JSONField(blank=True, default=dict, verbose_name='facts')),
                ('opened_at', models.DateTimeField(verbose_name='opened')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
            ],
            options={
                'verbose_name': 'common root',
                'verbose_name_plural': 'common roots',
            },
        ),
        migrations.CreateModel(
            name='RuleVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('definition', models.JSONField(help_text='The fields of the rule', verbose_name='definition')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='why')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'version of a rule',
                'verbose_name_plural': 'versions of rules',
            },
        ),
        migrations.RemoveConstraint(
            model_name='exceptionrule',
            name='rule_kind_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='shipmentexception',
            name='exception_snoozed_says_until',
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='closes_itself',
            field=models.BooleanField(db_default=True, default=True, verbose_name='closes by itself'),
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='condition',
            field=models.JSONField(blank=True, help_text='As milestones.conditions reads it; empty: always', null=True, verbose_name='condition'),
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='escalate_minutes',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='escalate from minutes'),
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='escalate_to',
            field=models.CharField(blank=True, choices=[('sales', 'Sales'), ('operations', 'Operations'), ('customs', 'Customs'), ('finance', 'Finance')], db_default='', max_length=16, verbose_name='escalate to'),
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='group_by',
            field=models.CharField(blank=True, choices=[('', 'Each for itself'), ('journey', 'The vessel, flight or train'), ('place', 'The place'), ('source', 'The source'), ('customer', 'The customer')], db_default='', default='', max_length=8, verbose_name='common root'),
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='minimum_percent',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Of money: how much more than expected', verbose_name='from percent'),
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='name',
            field=models.CharField(blank=True, db_default='', max_length=100, verbose_name='name'),
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='version',
            field=models.PositiveIntegerField(db_default=1, default=1, verbose_name='version'),
        ),
        migrations.AddField(
            model_name='exceptionrule',
            name='warn_minutes',
            field=models.IntegerField(blank=True, help_text='Before the moment itself when negative', null=True, verbose_name='warn from minutes'),
        ),
        migrations.AddField(
            model_name='shipmentexception',
            name='cause_gone_at',
            field=models.DateTimeField(blank=True, help_text='Of a case that waits for a person to close it', null=True, verbose_name='cause gone'),
        ),
        migrations.AddField(
            model_name='shipmentexception',
            name='rule_version',
            field=models.PositiveIntegerField(db_default=1, default=1, verbose_name='version of the rule'),
        ),
        migrations.AddField(
            model_name='shipmentexception',
            name='stage',
            field=models.CharField(choices=[('warning', 'Warning'), ('breach', 'Breached'), ('escalated', 'Escalated')], db_default='breach', default='breach', max_length=12, verbose_name='stage'),
        ),
        migrations.AddField(
            model_name='shipmentexception',
            name='wake_when',
            field=models.JSONField(blank=True, help_text='A condition, as milestones.conditions reads it', null=True, verbose_name='or until'),
        ),
        migrations.AddField(
            model_name='worktask',
            name='severity',
            field=models.CharField(choices=[('critical', 'Critical'), ('high', 'High'), ('medium', 'Medium'), ('low', 'Low')], db_default='medium', default='medium', max_length=16, verbose_name='severity'),
        ),
        migrations.AlterField(
            model_name='exceptionrule',
            name='kind',
            field=models.CharField(choices=[('overdue', 'Overdue'), ('late', 'Late'), ('missing', 'Missing milestone'), ('hold', 'On hold'), ('early', 'Early'), ('out_of_sequence', 'Out of sequence'), ('unexpected', 'Not in the plan'), ('eta_slip', 'Arrival has slipped'), ('dwell', 'Standing still'), ('last_free_day', 'Last free day'), ('document_missing', 'Document missing'), ('no_news', 'No news from the source'), ('conflict', 'Sources disagree'), ('duplicate', 'Reported twice'), ('cost_overrun', 'Cost overrun'), ('condition', 'A condition of your own')], max_length=16, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='shipmentexception',
            name='kind',
            field=models.CharField(choices=[('overdue', 'Overdue'), ('late', 'Late'), ('missing', 'Missing milestone'), ('hold', 'On hold'), ('early', 'Early'), ('out_of_sequence', 'Out of sequence'), ('unexpected', 'Not in the plan'), ('eta_slip', 'Arrival has slipped'), ('dwell', 'Standing still'), ('last_free_day', 'Last free day'), ('document_missing', 'Document missing'), ('no_news', 'No news from the source'), ('conflict', 'Sources disagree'), ('duplicate', 'Reported twice'), ('cost_overrun', 'Cost overrun'), ('condition', 'A condition of your own')], max_length=16, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='exceptionrule',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['overdue', 'late', 'missing', 'hold', 'early', 'out_of_sequence', 'unexpected', 'eta_slip', 'dwell', 'last_free_day', 'document_missing', 'no_news', 'conflict', 'duplicate', 'cost_overrun', 'condition'])), name='rule_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='exceptionrule',
            constraint=models.CheckConstraint(condition=models.Q(('group_by__in', ['', 'journey', 'place', 'source', 'customer'])), name='rule_group_is_known'),
        ),
        migrations.AddConstraint(
            model_name='exceptionrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'condition'), _negated=True), ('condition__isnull', False), _connector='OR'), name='rule_of_a_condition_has_one', violation_error_message='Say when the rule holds.'),
        ),
        migrations.AddConstraint(
            model_name='exceptionrule',
            constraint=models.CheckConstraint(condition=models.Q(('warn_minutes', None), ('warn_minutes__lte', models.F('minimum_minutes')), _connector='OR'), name='rule_warns_before_the_breach', violation_error_message='The warning comes before the breach.'),
        ),
        migrations.AddConstraint(
            model_name='exceptionrule',
            constraint=models.CheckConstraint(condition=models.Q(('escalate_minutes', None), ('escalate_minutes__gte', models.F('minimum_minutes')), _connector='OR'), name='rule_escalates_after_the_breach', violation_error_message='The escalation comes after the breach.'),
        ),
        migrations.AddField(
            model_name='casegroup',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='groups', to='milestones.exceptionrule', verbose_name='rule'),
        ),
        migrations.AddField(
            model_name='shipmentexception',
            name='group',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='cases', to='milestones.casegroup', verbose_name='common root'),
        ),
        AddConstraintNotValid(
            model_name='shipmentexception',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'snoozed'), _negated=True), ('snoozed_until__isnull', False), ('wake_when__isnull', False), _connector='OR'), name='exception_snoozed_says_until_when'),
        ),
        AddConstraintNotValid(
            model_name='shipmentexception',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['warning', 'breach', 'escalated'])), name='exception_stage_is_known'),
        ),
        migrations.AddField(
            model_name='ruleversion',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by'),
        ),
        migrations.AddField(
            model_name='ruleversion',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='milestones.exceptionrule', verbose_name='exception rule'),
        ),
        migrations.AddConstraint(
            model_name='casegroup',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('rule', 'key'), name='case_group_is_open_once'),
        ),
        migrations.AddConstraint(
            model_name='ruleversion',
            constraint=models.UniqueConstraint(fields=('rule', 'version'), name='rule_version_is_unique'),
        ),
    ]
