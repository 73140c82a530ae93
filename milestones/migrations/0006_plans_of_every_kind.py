"""Lines per unit, leg and stop, conditions, documents; evidence and completeness in the roll-up."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('milestones', '0005_room_for_updates'),
        ('partners', '0002_jobs'),
        ('shipments', '0012_fewer_indexes_of_messages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='milestone',
            name='milestone_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='milestonetemplate',
            name='template_criteria_do_not_tie',
        ),
        migrations.RemoveConstraint(
            model_name='templateline',
            name='line_is_listed_once',
        ),
        migrations.RemoveConstraint(
            model_name='templateline',
            name='line_anchor_is_known',
        ),
        migrations.AddField(
            model_name='journey',
            name='arrival_by',
            field=models.CharField(blank=True, choices=[('plan', 'The plan'), ('carrier', 'The carrier'), ('own', 'Our own history')], db_default='', max_length=8, verbose_name='expected by'),
        ),
        migrations.AddField(
            model_name='journey',
            name='completeness',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='completeness in percent'),
        ),
        migrations.AddField(
            model_name='journey',
            name='next_fix',
            field=models.JSONField(blank=True, null=True, verbose_name='next best fix'),
        ),
        migrations.AddField(
            model_name='journey',
            name='own_arrival_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='arrival by our own history'),
        ),
        migrations.AddField(
            model_name='journey',
            name='own_high_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='at the latest'),
        ),
        migrations.AddField(
            model_name='journey',
            name='own_low_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='at the earliest'),
        ),
        migrations.AddField(
            model_name='milestone',
            name='evidence',
            field=models.CharField(blank=True, choices=[('confirmed', 'Confirmed by two sources'), ('single', 'One source'), ('manual', 'Entered by hand'), ('inferred', 'Inferred'), ('disputed', 'Sources disagree'), ('retracted', 'Taken back')], db_default='', max_length=12, verbose_name='evidence'),
        ),
        migrations.AddField(
            model_name='milestonetemplate',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by'),
        ),
        migrations.AddField(
            model_name='milestonetemplate',
            name='destination_place',
            field=models.CharField(blank=True, db_default='', help_text='UN/LOCODE', max_length=5, verbose_name='place of destination'),
        ),
        migrations.AddField(
            model_name='milestonetemplate',
            name='note',
            field=models.CharField(blank=True, db_default='', max_length=300, verbose_name='what is new in it'),
        ),
        migrations.AddField(
            model_name='milestonetemplate',
            name='origin_place',
            field=models.CharField(blank=True, db_default='', help_text='UN/LOCODE', max_length=5, verbose_name='place of origin'),
        ),
        migrations.AddField(
            model_name='milestonetemplate',
            name='service',
            field=models.CharField(blank=True, choices=[('fcl', 'Full container (FCL)'), ('lcl', 'Less than a container (LCL)'), ('ftl', 'Full truck (FTL)'), ('ltl', 'Less than a truck (LTL)'), ('intermodal', 'Intermodal'), ('warehouse_in', 'Into the warehouse'), ('warehouse_out', 'Out of the warehouse'), ('customs', 'Customs clearance only')], db_default='', max_length=16, verbose_name='service'),
        ),
        migrations.AddField(
            model_name='templateline',
            name='after_line',
            field=models.ForeignKey(blank=True, help_text='The line that has to be reached before this one can be', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='followers', to='milestones.templateline', verbose_name='not before'),
        ),
        migrations.AddField(
            model_name='templateline',
            name='charges',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), blank=True, db_default=models.Value('{}'), default=list, size=None, verbose_name='charge codes that it triggers'),
        ),
        migrations.AddField(
            model_name='templateline',
            name='condition',
            field=models.JSONField(blank=True, help_text='On facts of the shipment, as milestones.conditions reads it', null=True, verbose_name='condition'),
        ),
        migrations.AddField(
            model_name='templateline',
            name='documents',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), blank=True, db_default=models.Value('{}'), default=list, size=None, verbose_name='documents that have to be there'),
        ),
        migrations.AddField(
            model_name='templateline',
            name='roll',
            field=models.CharField(blank=True, choices=[('', 'Stays'), ('next', 'To the next working day'), ('previous', 'To the working day before')], db_default='', default='', max_length=8, verbose_name='on a day off'),
        ),
        migrations.AddField(
            model_name='templateline',
            name='scope',
            field=models.CharField(choices=[('shipment', 'Once'), ('unit', 'Per unit'), ('leg', 'Per leg'), ('stop', 'Per stop on the way')], db_default='shipment', default='shipment', max_length=8, verbose_name='how often'),
        ),
        migrations.AddField(
            model_name='templateline',
            name='unit_rule',
            field=models.CharField(choices=[('all', 'When all units had it'), ('any', 'When the first unit had it')], db_default='all', default='all', max_length=8, verbose_name='reached'),
        ),
        migrations.AlterField(
            model_name='milestone',
            name='slot',
            field=models.CharField(editable=False, help_text='L<position>[:U<unit>|:G<leg>|:S<stop>] for a line, X:<code>:<place>:<n> for what was not planned', max_length=80),
        ),
        migrations.AlterField(
            model_name='milestone',
            name='state',
            field=models.CharField(choices=[('planned', 'Planned'), ('estimated', 'Expected'), ('overdue', 'Overdue'), ('missing', 'Missing'), ('reached', 'Reached'), ('skipped', 'Not needed')], default='planned', max_length=16, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='templateline',
            name='anchor',
            field=models.CharField(choices=[('booked_at', 'Booked'), ('cargo_ready_at', 'Cargo ready'), ('cut_off_at', 'Cut-off'), ('etd', 'ETD'), ('eta', 'ETA'), ('leg_etd', 'ETD of the leg'), ('leg_eta', 'ETA of the leg'), ('line', 'Another line')], max_length=16, verbose_name='due counts from'),
        ),
        migrations.AlterField(
            model_name='templateline',
            name='requirement',
            field=models.CharField(choices=[('mandatory', 'Mandatory'), ('optional', 'Optional'), ('conditional', 'Mandatory where its condition holds, else not in the plan')], default='mandatory', max_length=16, verbose_name='requirement'),
        ),
        AddConstraintNotValid(
            model_name='journey',
            constraint=models.CheckConstraint(condition=models.Q(('completeness__lte', 100)), name='journey_completeness_is_a_percentage'),
        ),
        AddConstraintNotValid(
            model_name='milestone',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'estimated', 'overdue', 'missing', 'reached', 'skipped'])), name='milestone_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='milestonetemplate',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'active')), fields=('mode', 'shipment_type', 'service', 'customer', 'origin_country', 'destination_country', 'origin_place', 'destination_place'), name='template_criteria_do_not_tie', nulls_distinct=False, violation_error_message='Another active template is chosen by exactly these criteria.'),
        ),
        migrations.AddConstraint(
            model_name='milestonetemplate',
            constraint=models.CheckConstraint(condition=models.Q(('service', ''), ('service__in', ['fcl', 'lcl', 'ftl', 'ltl', 'intermodal', 'warehouse_in', 'warehouse_out', 'customs']), _connector='OR'), name='template_service_is_known'),
        ),
        migrations.AddConstraint(
            model_name='templateline',
            constraint=models.UniqueConstraint(fields=('template', 'type', 'place_role', 'scope'), name='line_is_listed_once'),
        ),
        migrations.AddConstraint(
            model_name='templateline',
            constraint=models.CheckConstraint(condition=models.Q(('anchor__in', ['booked_at', 'cargo_ready_at', 'cut_off_at', 'etd', 'eta', 'leg_etd', 'leg_eta', 'line'])), name='line_anchor_is_known'),
        ),
        migrations.AddConstraint(
            model_name='templateline',
            constraint=models.CheckConstraint(condition=models.Q(('scope__in', ['shipment', 'unit', 'leg', 'stop'])), name='line_scope_is_known'),
        ),
        migrations.AddConstraint(
            model_name='templateline',
            constraint=models.CheckConstraint(condition=models.Q(('unit_rule__in', ['all', 'any'])), name='line_unit_rule_is_known'),
        ),
        migrations.AddConstraint(
            model_name='templateline',
            constraint=models.CheckConstraint(condition=models.Q(('roll__in', ['', 'next', 'previous'])), name='line_roll_is_known'),
        ),
        migrations.AddConstraint(
            model_name='templateline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('condition__isnull', False), ('requirement', 'conditional')), models.Q(models.Q(('requirement', 'conditional'), _negated=True), ('condition', None)), _connector='OR'), name='line_conditional_says_on_what', violation_error_message='A conditional line has a condition, and no other line has one.'),
        ),
    ]
