"""Nothing forwards. Backwards it drops what an older release cannot read, before the columns go: calls of webhooks, what
stands on screens, subscriptions by them, digests' and new topics."""

from django.db import migrations
from django.db.models import Q

TOPICS = ("exception_escalated", "exception_resolved", "task_opened")


def drop(apps, schema_editor):
    alias = schema_editor.connection.alias
    of = lambda name: apps.get_model("partners", name).objects.using(alias)
    of("Delivery").filter(~Q(channel="email")).delete()
    # One subscription a topic and channel is all that an older release knows.
    of("Subscription").filter(~Q(channel="email") | ~Q(subject="") | Q(topic__in=TOPICS)).delete()
    of("Notification").filter(topic__in=TOPICS).delete()


class Migration(migrations.Migration):
    dependencies = [("partners", "0004_hearing_of_more_checked")]

    operations = [migrations.RunPython(migrations.RunPython.noop, drop)]
