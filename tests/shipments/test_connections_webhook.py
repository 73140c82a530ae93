"""Signatures of webhooks: the published examples, every way to be wrong, and settings that make no sense."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from partners.signing import new_secret
from shipments.connections.options import Unfit, read_settings
from shipments.connections.webhook import Refused, WebhookSettings, doubts_of_secret, verify

# The example that the Standard Webhooks libraries share.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": SIGNATURE,
}
STANDARD = WebhookSettings()
OTHER = "whsec_" + base64.b64encode(b"another secret of 24 byt").decode()


def outcome(settings=STANDARD, secret=None, headers=HEADERS, body=BODY, now=AT) -> str:
    try:
        return verify(settings, secret or {"current": SECRET}, headers, body, now).id
    except Refused as refused:
        return refused.code


def test_the_published_standard_webhooks_example_is_genuine():
    assert outcome() == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize(
    "signature",
    [
        "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= " + SIGNATURE,
        SIGNATURE + " v1,bm90LXRoaXM=",
    ],
)
def test_one_right_signature_among_several_is_enough(signature):
    assert outcome(headers=HEADERS | {"webhook-signature": signature}) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"webhook-signature": ""}, "missing"),
        ({"webhook-id": ""}, "missing"),
        ({"webhook-timestamp": ""}, "missing"),
        ({"webhook-signature": SIGNATURE[:-5]}, "wrong"),
        ({"webhook-signature": SIGNATURE.replace("v1,", "v2,")}, "wrong"),
        ({"webhook-signature": SIGNATURE.replace("v1,", "v1a,")}, "wrong"),
        ({"webhook-signature": SIGNATURE.removeprefix("v1,")}, "wrong"),
        ({"webhook-signature": "v1,"}, "wrong"),
        ({"webhook-signature": "v1,%%%"}, "wrong"),
        ({"webhook-signature": "v1,é"}, "wrong"),
        ({"webhook-id": "msg_other"}, "wrong"),
        ({"webhook-id": "m" * 300}, "wrong"),
        ({"webhook-timestamp": "1614265331"}, "wrong"),
        ({"webhook-timestamp": "now"}, "wrong"),
    ],
)
def test_case_30_what_is_not_signed_right_is_refused(change, code):
    assert outcome(headers=HEADERS | change) == code


def test_case_30_a_body_written_anew_and_anothers_secret_are_refused():
    assert outcome(body=b'{"test":2432232314}') == "wrong"
    assert outcome(secret={"current": OTHER}) == "wrong"
    assert outcome(secret={"current": ""}) == "wrong"
    sha1 = base64.b64encode(hmac.digest(base64.b64decode(SECRET[6:]), BODY, "sha1")).decode()
    assert outcome(headers=HEADERS | {"webhook-signature": "v1," + sha1}) == "wrong"


@pytest.mark.parametrize(("minutes", "said"), [(4, "msg_p5jXN8AQM9LWM0D4loKWxJek"), (6, "stale"), (-6, "stale")])
def test_case_31_the_window_is_five_minutes(minutes, said):
    assert outcome(now=AT + timedelta(minutes=minutes)) == said


def test_two_secrets_are_live():
    assert outcome(secret={"current": OTHER, "previous": SECRET}) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_a_new_secret_has_32_bytes_as_the_standard_writes_them():
    made = new_secret()
    assert (made[:6], len(base64.b64decode(made[6:]))) == ("whsec_", 32)
    assert doubts_of_secret(STANDARD, {"current": made}) == []
    assert made != new_secret()


GITHUB = read_settings(WebhookSettings, {"scheme": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256="})


def test_the_published_example_of_a_plain_header_is_genuine():
    headers = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    said = outcome(GITHUB, {"current": "It's a Secret to Everybody"}, headers, b"Hello, World!")
    # No header names the call: its content does.
    assert said == hashlib.sha256(b"Hello, World!").hexdigest()
    assert outcome(GITHUB, {"current": "It's a Secret to Everybody"}, headers, b"Hello, World?") == "wrong"
    bare = {"x-hub-signature-256": headers["x-hub-signature-256"].removeprefix("sha256=")}
    assert outcome(GITHUB, {"current": "It's a Secret to Everybody"}, bare, b"Hello, World!") == "wrong"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_a_plain_header_in_its_variants(algorithm, encoding):
    settings = read_settings(
        WebhookSettings,
        {"scheme": "hmac", "header": "X-Signature", "algorithm": algorithm, "encoding": encoding, "id_header": "X-Id"},
    )
    raw = hmac.digest(b"0123456789abcdef", BODY, algorithm)
    written = raw.hex() if encoding == "hex" else base64.b64encode(raw).decode()
    secret = {"current": "0123456789abcdef"}
    assert outcome(settings, secret, {"x-signature": written, "x-id": "42"}) == "42"
    assert outcome(settings, secret, {"x-signature": written[:-2], "x-id": "42"}) == "wrong"
    assert outcome(settings, secret, {"x-signature": written, "x-id": "4\x002"}) == "wrong"
    assert outcome(settings, secret, {}) == "missing"


def test_a_time_in_a_header_is_signed_with_the_body():
    settings = read_settings(
        WebhookSettings, {"scheme": "hmac", "header": "X-Signature", "timestamp_header": "X-Time", "id_header": "X-Id"}
    )
    secret = {"current": "0123456789abcdef"}

    def said(moment: str, signed: bytes) -> str:
        written = hmac.digest(b"0123456789abcdef", signed, "sha256").hex()
        return outcome(settings, secret, {"x-signature": written, "x-time": moment, "x-id": "1"})

    assert said("1614265330", b"1614265330." + BODY) == "1"
    assert said("1614265330000", b"1614265330000." + BODY) == "1"
    assert said("1614265330", BODY) == "wrong"
    assert said("1614264000", b"1614264000." + BODY) == "stale"
    assert said("", BODY) == "missing"


def test_time_and_signatures_in_one_header():
    settings = read_settings(WebhookSettings, {"scheme": "stripe", "header": "Carrier-Signature"})
    right = hmac.digest(b"0123456789abcdef", b"1614265330." + BODY, "sha256").hex()

    def said(value: str, now=AT) -> str:
        return outcome(settings, {"current": "0123456789abcdef"}, {"carrier-signature": value}, now=now)

    own_id = hashlib.sha256(BODY).hexdigest()
    assert said(f"t=1614265330,v1={right}") == own_id
    assert said(f"t=1614265330, v1=00ff, v1={right}, v0=11") == own_id
    assert said(f"t=1614265330,v0={right}") == "missing"
    assert said(f"v1={right}") == "missing"
    assert said(f"t=1614265331,v1={right}") == "wrong"
    assert said(f"t=1614265330,v1={right}", AT + timedelta(minutes=6)) == "stale"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"scheme": "hmac"}, ["header"]),
        ({"scheme": "hmac", "header": "X Y"}, ["header"]),
        ({"scheme": "md5"}, ["scheme"]),
        ({"tolerance_seconds": 5}, ["tolerance_seconds"]),
        ({"tolerance_seconds": True}, ["tolerance_seconds"]),
        ({"surprise": 1, "prefix": 7, "algorithm": "md5"}, ["surprise", "algorithm", "prefix"]),
        ({"header": "a\r\nb"}, ["header"]),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_every_field(values, fields):
    with pytest.raises(Unfit) as unfit:
        read_settings(WebhookSettings, values)
    assert [problem.field for problem in unfit.value.problems] == fields


def test_a_secret_that_is_short_or_no_base64_is_doubted():
    assert [p.field for p in doubts_of_secret(STANDARD, {"current": "whsec_AAAA", "previous": "whsec_é"})] == [
        "current",
        "previous",
    ]
    assert [p.field for p in doubts_of_secret(GITHUB, {"current": "short"})] == ["current"]
