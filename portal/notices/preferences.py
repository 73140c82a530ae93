"""What a person hears of, how and when: the forms of the page that console and portal share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from milestones.enums import ExceptionKind, Severity
from partners.access import granted_partners, sees_all
from partners.enums import GRADED_TOPICS, TOPIC_PERMISSIONS, Channel, Digest, Permission, Topic
from partners.models import Partner, Subscription, User
from partners.services import Wish, save_preferences, save_user
from shipments.models import MilestoneType, Shipment

# Companies that a person acts for and may choose among here.
MOST_SCOPES = 50
_SHOWN_FOLLOWED = 100
HOUSE = "all"
# Said to the house alone: partners are told of no task of ours.
OF_THE_HOUSE = frozenset({Topic.TASK_OPENED})
_GRADES = {Severity.LOW: 1, Severity.MEDIUM: 2, Severity.HIGH: 3, Severity.CRITICAL: 4}
_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom one hears: `partner`, or all of them (None). `value` stands in addresses."""

    value: str
    name: str
    partner: Partner | None
    topics: tuple[str, ...]


def scopes_of(user: User) -> list[Scope]:
    """For whom `user` may hear of something, the whole house first."""
    held = {p: granted_partners(user, p).order_by("name")[:MOST_SCOPES] for p in set(TOPIC_PERMISSIONS.values())}
    if sees_all(user):
        topics = tuple(t for t in Topic.values if user.has_perm(f"partners.{TOPIC_PERMISSIONS[t]}"))
        return [Scope(HOUSE, _("All partners"), None, topics)] if topics else []
    granted = {permission: {partner.pk: partner for partner in partners} for permission, partners in held.items()}
    partners = {pk: partner for some in granted.values() for pk, partner in some.items()}
    return [
        Scope(
            str(partner.public_id),
            partner.name,
            partner,
            tuple(t for t in Topic.values if pk in granted[TOPIC_PERMISSIONS[t]] and t not in OF_THE_HOUSE),
        )
        for pk, partner in sorted(partners.items(), key=lambda pair: pair[1].name)
    ]


class ClockForm(forms.Form):
    """Quiet hours and the time of the daily letter, by the person's own clock."""

    quiet_from = forms.TimeField(label=gettext_lazy("No mail from"), required=False)
    quiet_until = forms.TimeField(label=gettext_lazy("until"), required=False)
    hears_critical = forms.BooleanField(label=gettext_lazy("Critical problems come in quiet hours too"), required=False)
    digest_at = forms.TimeField(label=gettext_lazy("The daily letter comes at"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for name, field in self.fields.items():
            field.initial = getattr(user, name)
        for name in ("quiet_from", "quiet_until", "digest_at"):
            self.fields[name].widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")

    def keep(self) -> None:
        save_user(self.user.email, by=self.user, **self.cleaned_data)


@dataclass(frozen=True, slots=True)
class TopicLine:
    """One topic with its fields, for the template."""

    label: str
    screen: BoundField
    mail: BoundField
    threshold: BoundField | None
    kinds: BoundField | None


class TopicsForm(forms.Form):
    """A line for each topic: on screen, by mail and how often, from which size on, which kinds."""

    def __init__(self, *args: Any, user: User, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.scope = user, scope
        standing = _standing(user, scope.partner)
        for topic in scope.topics:
            for name, field in _fields(topic, standing).items():
                self.fields[f"{topic}-{name}"] = field

    def lines(self) -> Iterator[TopicLine]:
        for topic in self.scope.topics:
            yield TopicLine(
                str(Topic(topic).label),
                self[f"{topic}-screen"],
                self[f"{topic}-mail"],
                self._bound(topic, "threshold"),
                self._bound(topic, "kinds"),
            )

    def keep(self) -> None:
        wishes = [wish for topic in self.scope.topics for wish in self._wishes(topic)]
        save_preferences(self.user, partner=self.scope.partner, wishes=wishes, by=self.user)

    def _bound(self, topic: str, name: str) -> BoundField | None:
        return self[f"{topic}-{name}"] if f"{topic}-{name}" in self.fields else None

    def _wishes(self, topic: str) -> Iterator[Wish]:
        said = self.cleaned_data
        size = int(said.get(f"{topic}-threshold") or 0) * (_MINUTES if topic == Topic.ETA_CHANGED else 1)
        kinds = tuple(said.get(f"{topic}-kinds") or ())
        if said[f"{topic}-screen"]:
            yield Wish(topic, Channel.IN_APP, Digest.AT_ONCE, kinds, size)
        if said[f"{topic}-mail"]:
            yield Wish(topic, Channel.EMAIL, said[f"{topic}-mail"], kinds, size)


class MilestonesField(forms.CharField):
    """Codes of milestones, separated by blanks or commas; only those that there are."""

    def clean(self, value: Any) -> list[str]:
        codes = list(dict.fromkeys(super().clean(value).upper().replace(",", " ").split()))
        known = set(MilestoneType.objects.filter(pk__in=codes).values_list("pk", flat=True))
        if missing := [code for code in codes if code not in known]:
            raise forms.ValidationError(
                _("There is no milestone %(code)s.") % {"code": ", ".join(missing)[:100]}, code="unknown"
            )
        return codes

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list) else value


def _standing(user: User, partner: Partner | None) -> Mapping[tuple[str, str], Subscription]:
    rows = Subscription.objects.filter(user=user, partner=partner, subject="", endpoint=None)
    return {(row.topic, row.channel): row for row in rows}


def _fields(topic: str, standing: Mapping[tuple[str, str], Subscription]) -> dict[str, forms.Field]:
    screen, mail = standing.get((topic, Channel.IN_APP)), standing.get((topic, Channel.EMAIL))
    either = mail or screen
    fields: dict[str, forms.Field] = {
        "screen": forms.BooleanField(label=_("On screen"), required=False, initial=screen is not None),
        "mail": forms.ChoiceField(
            label=_("By mail"),
            required=False,
            choices=[("", _("No mail")), *Digest.choices],
            initial=mail.digest if mail else "",
        ),
    }
    threshold, kinds = (either.threshold, either.kinds) if either else (0, [])
    if topic in GRADED_TOPICS:
        grades = [(str(size), _("%(grade)s or worse") % {"grade": s.label}) for s, size in _GRADES.items() if size > 1]
        fields["threshold"] = forms.ChoiceField(
            label=_("How severe"), required=False, choices=[("0", _("All")), *grades], initial=str(threshold)
        )
        fields["kinds"] = forms.MultipleChoiceField(
            label=_("Only these kinds"),
            required=False,
            choices=ExceptionKind.choices,
            initial=kinds,
            widget=forms.CheckboxSelectMultiple,
        )
    elif topic == Topic.ETA_CHANGED:
        fields["threshold"] = forms.IntegerField(
            label=_("From so many hours on"), required=False, min_value=0, max_value=999, initial=threshold // _MINUTES
        )
    elif topic == Topic.MILESTONE_REACHED:
        fields["kinds"] = MilestonesField(
            label=_("Only these milestones (codes)"), required=False, max_length=2000, initial=kinds
        )
    return fields


@dataclass(frozen=True, slots=True)
class Followed:
    subject: str
    public_id: str
    name: str


def followed(user: User) -> list[Followed]:
    """The shipments that the person follows and may still see, the last first."""
    subjects = (
        Subscription.objects.filter(user=user).exclude(subject="").order_by("-pk").values_list("subject", flat=True)
    )
    ids = [subject.partition(":")[2] for subject in dict.fromkeys(subjects)][:_SHOWN_FOLLOWED]
    names = Shipment.objects.for_user(user).filter(public_id__in=ids).values_list("public_id", "reference")
    known = {str(public_id): reference for public_id, reference in names}
    return [Followed(f"shipment:{one}", one, known[one]) for one in ids if one in known]


def partner_to_follow_for(user: User, shipment: Shipment) -> Partner | None:
    """On whose behalf `user` follows the shipment, which they may see: None for the house."""
    if sees_all(user):
        return None
    mine = granted_partners(user, Permission.VIEW_SHIPMENTS)
    return mine.filter(pk__in=shipment.parties.values("partner")).order_by("pk").first()


def subject_of(shipment: Shipment) -> str:
    return f"shipment:{shipment.public_id}"


def is_followed(user: User, shipment: Shipment) -> bool:
    return Subscription.objects.filter(user=user, subject=subject_of(shipment)).exists()


@dataclass(slots=True)
class Desk:
    """The page: its two forms, and for whom the topics are. `said` is what was sent, None when it is only looked at."""

    user: User
    scopes: Sequence[Scope]
    scope: Scope | None
    clock: ClockForm
    topics: TopicsForm | None
    is_saved: bool = False

    @property
    def followed(self) -> list[Followed]:
        return followed(self.user)

    @property
    def has_errors(self) -> bool:
        return bool(self.clock.errors or (self.topics and self.topics.errors))


def desk_of(user: User, asked: QueryDict, posted: QueryDict | None) -> Desk:
    """The page as `asked` for, after what was `posted` has been saved, or refused with the reason at its field."""
    scopes = scopes_of(user)
    part = posted.get("part", "") if posted is not None else ""
    wanted = (posted if posted is not None and part == "topics" else asked).get("for", "")
    scope = next((one for one in scopes if one.value == wanted), scopes[0] if scopes else None)
    clock = ClockForm(posted if part == "clock" else None, user=user)
    topics = TopicsForm(posted if part == "topics" else None, user=user, scope=scope) if scope else None
    sent: ClockForm | TopicsForm | None = {"clock": clock, "topics": topics}.get(part)
    desk = Desk(user, scopes, scope, clock, topics)
    if sent is not None and sent.is_valid():
        try:
            sent.keep()
            desk.is_saved = True
        except DomainError as refused:
            sent.add_error(refused.field if refused.field in sent.fields else None, refused.message)
    return desk
