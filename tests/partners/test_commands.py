"""The commands of the outer contract: what they make, what they print, how they refuse."""

import io

import pytest
from django.core.management import CommandError, call_command

from partners import access
from partners.models import Membership, Partner, User
from partners.services import find_api_key
from tests.factories.partners import PartnerFactory

pytestmark = pytest.mark.django_db


def run(name, *arguments):
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def typed(monkeypatch):
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def refusal(name, *arguments):
    with pytest.raises(CommandError) as refused:
        run(name, *arguments)
    assert refused.value.returncode == 1
    (line,) = str(refused.value).splitlines()
    return line


def test_create_partner_makes_and_updates():
    given = ("--code", "MAERSK", "--kind", "carrier", "--country", "DK", "--scac", "MAEU")
    assert run("create_partner", *given, "--name", "Maersk") == "MAERSK: Maersk\n"
    assert run("create_partner", "--code", "MAERSK", "--kind", "3pl", "--name", "Maersk A/S") == "MAERSK: Maersk A/S\n"
    partner = Partner.objects.get()
    assert (partner.name, partner.kinds, partner.country) == ("Maersk A/S", ["3pl"], "DK")
    assert [identifier.value for identifier in partner.identifiers.all()] == ["MAEU"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--code", "P", "--kind", "pirate"),
            "Item 1 in the array did not validate: Value 'pirate' is not a valid choice.",
        ),
        (
            ("--code", "a b", "--kind", "carrier"),
            "A code has capital letters, digits, dots, dashes and underscores only.",
        ),
        (("--code", "P", "--kind", "carrier", "--country", "Nl"), "A country is two capital letters (ISO 3166)."),
    ],
)
def test_create_partner_refuses_in_one_line(arguments, line):
    assert refusal("create_partner", "--name", "P", *arguments) == line


def test_create_user_of_a_partner(typed):
    PartnerFactory(code="ACME")
    typed("correct horse battery\n")
    given = ("--email", "ann@example.com", "--password-stdin", "--partner", "ACME", "--role", "editor", "--name", "Ann")
    assert run("create_user", *given) == "ann@example.com\n"
    user = User.objects.get()
    assert user.check_password("correct horse battery")
    assert (user.name, user.is_staff) == ("Ann", False)
    assert Membership.objects.get(user=user).role == "editor"
    assert access.may(user, "change_shipments", Partner.objects.get())


def test_create_internal_user(typed):
    typed("correct horse battery")
    run("create_user", "--email", "ops@example.com", "--password-stdin", "--group", "operations")
    user = User.objects.get()
    assert user.is_staff
    assert [group.name for group in user.groups.all()] == ["operations"]
    assert access.sees_all(user)


def test_create_user_twice_brings_it_up_to_date(typed):
    for password in ("first password", "second password"):
        typed(password)
        run("create_user", "--email", "ops@example.com", "--password-stdin", "--group", "finance")
    assert User.objects.get().check_password("second password")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "Give either --group, or --partner with --role."),
        (("--partner", "ACME", "--group", "sales"), "Give either --group, or --partner with --role."),
        (("--partner", "ACME"), "Give --role together with --partner."),
        (("--group", "sales", "--role", "viewer"), "Give --role together with --partner."),
        (("--partner", "NOBODY", "--role", "viewer"), "There is no partner with the code NOBODY."),
        (("--partner", "ACME", "--role", "owner"), "Value 'owner' is not a valid choice."),
        (("--group", "pirates"), "There is no group pirates."),
    ],
)
def test_create_user_refuses_in_one_line_and_leaves_nothing(typed, arguments, line):
    PartnerFactory(code="ACME")
    typed("correct horse battery")
    assert refusal("create_user", "--email", "ann@example.com", "--password-stdin", *arguments) == line
    assert not User.objects.exists()


def test_create_user_wants_a_password(typed):
    typed("\n")
    line = refusal("create_user", "--email", "ann@example.com", "--password-stdin", "--group", "sales")
    assert line == "The password on standard input is empty."


def test_create_api_key_prints_the_secret_alone_on_the_last_line():
    partner = PartnerFactory(code="ACME")
    printed = run("create_api_key", "--partner", "ACME", "--name", "TMS", "--scope", "read", "ingest")
    key = find_api_key(printed.splitlines()[-1])
    assert (key.partner, key.name, key.scopes) == (partner, "TMS", ["read", "ingest"])


def test_create_api_key_takes_scopes_in_several_options():
    PartnerFactory(code="ACME")
    printed = run("create_api_key", "--partner", "ACME", "--name", "TMS", "--scope", "read", "--scope", "finance")
    assert find_api_key(printed.splitlines()[-1]).scopes == ["read", "finance"]


@pytest.mark.parametrize(
    ("partner", "scope", "line"),
    [
        ("NOBODY", "read", "There is no partner with the code NOBODY."),
        ("ACME", "root", "The scopes are read, write, ingest, finance."),
    ],
)
def test_create_api_key_refuses_in_one_line(partner, scope, line):
    PartnerFactory(code="ACME")
    assert refusal("create_api_key", "--partner", partner, "--name", "TMS", "--scope", scope) == line
