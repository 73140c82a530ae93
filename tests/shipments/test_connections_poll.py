"""Polling a carrier's REST API that really answers: pages, moments, credentials, refusals, hostile answers."""

from __future__ import annotations

import base64
import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from partners.channels.network import Dialler
from shipments.connections import poll
from shipments.connections.base import Bounds, Collected, Item, Passed, Pause, Trouble
from shipments.connections.options import Unfit, read_settings
from shipments.connections.paths import value_at
from shipments.connections.poll import PollSettings
from tests.shipments.places import Api, Asked, Said, as_page, carrier_api, certificate_for, server_context

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC).timestamp()


@contextmanager
def bounds(seconds: float = 20, timeout: float = 5) -> Iterator[Bounds]:
    with Dialler(("127.0.0.1",), seconds, timeout) as dialler:
        yield Bounds(dialler, 1 << 20, time.monotonic() + seconds, now=lambda: NOON)


@pytest.fixture
def api() -> Iterator[Api]:
    with carrier_api() as running:
        yield running


def of(api: Api, path: str = "/events", **more: object) -> PollSettings:
    return read_settings(PollSettings, {"url": api.url(path), "requests_per_minute": 6000, **more})


def polled(settings: PollSettings, cursor: dict | None = None, secret: dict | None = None) -> list[Item]:
    with bounds() as limits:
        return list(poll.collect(settings, secret or {}, cursor or {}, limits))


def bodies(items: list[Item]) -> list[bytes]:
    return [item.payload for item in items if isinstance(item, Collected)]


def test_an_answer_is_one_message_with_its_type(api):
    api.answer = lambda asked: as_page({"events": [1]})
    (item,) = polled(of(api))
    assert (item.payload, item.content_type, item.name) == (b'{"events": [1]}', "application/json", "page-1.json")
    assert (api.asked[0].path, api.asked[0].headers["Accept"]) == ("/events", "application/json")


def test_pages_follow_a_cursor_in_the_answer(api):
    pages = {"": ("b", [1]), "b": ("c", [2]), "c": (None, [3])}

    def answer(asked: Asked) -> Said:
        following, events = pages[asked.query.get("after", "")]
        return as_page({"events": events, "meta": {"next": following}})

    api.answer = answer
    settings = of(api, "/events?limit=1", paging="cursor", cursor_path="meta.next", cursor_parameter="after")
    items = polled(settings)
    assert [asked.query for asked in api.asked] == [
        {"limit": "1"}, {"limit": "1", "after": "b"}, {"limit": "1", "after": "c"},
    ]  # fmt: skip
    assert len(bodies(items)) == 3
    # Where we stand in the middle is the next page, and at the end the moment we began, less the overlap.
    assert items[0].cursor["next"].endswith("after=b")
    assert items[2].cursor == {"since": "2026-11-03T11:55:00Z"}


def test_a_look_that_was_broken_off_goes_on_with_the_next_page(api):
    api.answer = lambda asked: as_page({"events": [1], "next": {"": "b", "b": "c"}.get(asked.query.get("cursor", ""))})
    settings = of(api, paging="cursor", cursor_path="next")
    first = polled(settings)[0]
    api.asked.clear()
    assert len(polled(settings, dict(first.cursor))) == 2
    assert [asked.query for asked in api.asked] == [{"cursor": "b"}, {"cursor": "c"}]


def test_a_page_that_is_gone_is_begun_anew_from_the_same_moment(api):
    api.answer = lambda asked: Said(status=410)
    settings = of(api, paging="cursor", cursor_path="next")
    stood = {"since": "2026-11-01T00:00:00Z", "until": "x", "next": api.url("/events?cursor=old"), "page": 3}
    items = []
    with bounds() as limits, pytest.raises(Trouble, match="begins anew"):
        items += poll.collect(settings, {}, stood, limits)
    with bounds() as limits:
        assert next(poll.collect(settings, {}, stood, limits)).cursor == {"since": "2026-11-01T00:00:00Z"}


def test_pages_follow_a_link_header(api):
    def answer(asked: Asked) -> Said:
        if asked.query.get("page") == "2":
            return as_page([2])
        return as_page([1], Link='</x>; rel="prev", </events?page=2>; rel="next"')

    api.answer = answer
    assert bodies(polled(of(api, paging="link"))) == [b"[1]", b"[2]"]


def test_pages_are_numbered_until_one_is_empty(api):
    api.answer = lambda asked: as_page({"data": [1] if int(asked.query["p"]) < 3 else []})
    items = polled(of(api, paging="page", page_parameter="p", items_path="data"))
    assert [asked.query["p"] for asked in api.asked] == ["1", "2", "3"]
    assert (len(bodies(items)), type(items[2])) == (2, Passed)
    assert items[2].cursor == {"since": "2026-11-03T11:55:00Z"}


def test_the_next_page_is_never_on_another_host(api):
    api.answer = lambda asked: as_page([1], Link='<http://127.0.0.2:1/events>; rel="next"')
    with pytest.raises(Trouble, match="another host"):
        polled(of(api, paging="link", auth="bearer"), secret={"token": "t"})


def test_the_same_page_for_ever_ends(api):
    api.answer = lambda asked: as_page({"next": "b"})
    with pytest.raises(Trouble, match="for ever"):
        polled(of(api, paging="cursor", cursor_path="next"))
    assert len(api.asked) == 2


def test_a_look_ends_after_so_many_pages(api):
    api.answer = lambda asked: as_page({"next": str(len(api.asked))})
    assert len(polled(of(api, paging="cursor", cursor_path="next", most_pages=4))) == 4


@pytest.mark.parametrize(
    ("written", "expected"),
    [("iso", "2026-10-27T12:00:00Z"), ("epoch", "1793102400"), ("epoch_ms", "1793102400000")],
)
def test_the_first_look_goes_back_some_days(api, written, expected):
    polled(of(api, since_parameter="from", since_format=written))
    polled(of(api, "/events/{since}/all", since_format=written))
    assert api.asked[0].query == {"from": expected}
    assert api.asked[1].path == f"/events/{expected.replace(':', '%3A')}/all"


def test_the_next_look_asks_from_where_the_last_one_ended(api):
    settings = of(api, since_parameter="from", overlap_seconds=0)
    (item,) = polled(settings)
    assert item.cursor == {"since": "2026-11-03T12:00:00Z"}
    polled(settings, dict(item.cursor))
    assert api.asked[1].query == {"from": "2026-11-03T12:00:00Z"}


def test_their_own_word_for_how_far_we_are_is_given_back_as_it_is(api):
    api.answer = lambda asked: as_page({"events": [{"at": "x9"}, {"at": "x10"}] if "from" not in asked.query else []})
    settings = of(api, "/events", since_path="events[-1].at", since_parameter="from", first_days=0)
    api.answer = lambda asked: as_page({"events": [{"at": "x9"}, {"at": "x10"}]})
    (item,) = polled(settings)
    assert item.cursor == {"since": "x10"}
    api.answer = lambda asked: as_page({"events": []})
    (again,) = polled(settings, dict(item.cursor))
    assert (api.asked[1].query, again.cursor) == ({"from": "x10"}, {"since": "x10"})


@pytest.mark.parametrize(
    ("more", "secret", "header", "value"),
    [
        ({"auth": "bearer"}, {"token": "t1"}, "Authorization", "Bearer t1"),
        ({"auth": "api_key", "key_header": "X-Key"}, {"key": "k1"}, "X-Key", "k1"),
        (
            {"auth": "basic", "username": "me"}, {"password": "pä"}, "Authorization",
            "Basic " + base64.b64encode("me:pä".encode()).decode(),
        ),
        ({"headers": {"Api-Version": "2"}}, {}, "Api-Version", "2"),
    ],
)  # fmt: skip
def test_credentials_go_where_they_belong(api, more, secret, header, value):
    polled(of(api, **more), secret=secret)
    assert api.asked[0].headers[header] == value


def test_oauth2_fetches_a_token_first(api):
    def answer(asked: Asked) -> Said:
        return as_page({"access_token": "fresh"}) if asked.path == "/token" else as_page([1])

    api.answer = answer
    more = {"auth": "oauth2", "token_url": api.url("/token"), "client_id": "me", "scope": "read"}
    assert bodies(polled(of(api, **more), secret={"client_secret": "s3"})) == [b"[1]"]
    token, events = api.asked
    assert (token.body, token.headers["Authorization"]) == (
        b"grant_type=client_credentials&scope=read",
        "Basic " + base64.b64encode(b"me:s3").decode(),
    )
    assert events.headers["Authorization"] == "Bearer fresh"
    api.answer = lambda asked: Said(b'{"error":"invalid_client"}', 401)
    with pytest.raises(Trouble, match=r"gives no token \(401\)"):
        polled(of(api, **more), secret={"client_secret": "s3"})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "Tue, 03 Nov 2026 12:05:00 GMT"}, 300),
        ({"Retry-After": "999999999"}, 86_400),
        ({"Retry-After": "soon"}, 0),
        ({}, 0),
    ],
)
def test_too_many_requests_says_when_to_come_back(api, headers, seconds):
    api.answer = lambda asked: Said(status=429, headers=headers)
    with pytest.raises(Trouble) as trouble:
        polled(of(api))
    assert (str(trouble.value), trouble.value.again_in) == (
        "The host answers 429; it is asked again later.",
        seconds,
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [(500, "asked again later"), (503, "asked again later"), (401, "credentials"), (404, "answers 404")],
)
def test_other_answers_are_told_as_they_are(api, status, said):
    api.answer = lambda asked: Said(status=status)
    with pytest.raises(Trouble, match=said):
        polled(of(api))


def test_nothing_new_is_nothing_to_store(api):
    for answer in (Said(b"", 204), Said(b"", 304), Said(b"  "), Said(b'{"e": []}')):
        api.answer = lambda asked, answer=answer: answer
        assert [type(item) for item in polled(of(api, items_path="e"))] == [Passed]


def test_the_agreed_pace_is_kept_without_holding_a_worker(api):
    api.answer = lambda asked: as_page({"next": str(len(api.asked))})
    settings = of(api, paging="cursor", cursor_path="next", requests_per_minute=10)
    with bounds() as limits:
        items = poll.collect(settings, {}, {}, limits)
        assert isinstance(next(items), Collected)
        with pytest.raises(Pause) as pause:
            next(items)
    assert 5 < pause.value.seconds <= 6
    assert len(api.asked) == 1


# --- Hostile answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["http://127.0.0.2:{port}/x", "http://localhost:{port}/x", "http://[::1]:{port}/x"])
def test_case_47_a_redirect_into_the_house_is_not_followed(api, target):
    api.answer = lambda asked: Said(status=302, headers={"Location": target.format(port=api.port)})
    with pytest.raises(Trouble, match="without TLS"):
        polled(of(api))
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "target", ["https://127.0.0.2:{port}/x", "https://localhost:{port}/x", "https://[::1]:{port}/"]
)
def test_case_47_a_redirect_into_the_house_with_tls_is_not_followed_either(api, target):
    api.answer = lambda asked: Said(status=302, headers={"Location": target.format(port=api.port)})
    with pytest.raises(Trouble, match="inside the house"):
        polled(of(api))
    assert len(api.asked) == 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/"])
def test_case_47_only_the_web_is_asked(api, target):
    api.answer = lambda asked: Said(status=302, headers={"Location": target})
    with pytest.raises(Trouble, match="https://"):
        polled(of(api))


def test_a_redirect_on_the_same_host_is_followed_and_to_another_port_without_credentials(api):
    with carrier_api() as other:
        other.answer = lambda asked: as_page([2])
        targets = {"/events": "/moved", "/moved": other.url("/there")}
        api.answer = lambda asked: Said(status=307, headers={"Location": targets[asked.path]})
        items = polled(of(api, auth="api_key", key_header="X-Key"), secret={"key": "k"})
        assert bodies(items) == [b"[2]"]
        assert [asked.headers.get("X-Key") for asked in api.asked] == ["k", "k"]
        assert other.asked[0].headers.get("X-Key") is None


def test_redirects_end(api):
    api.answer = lambda asked: Said(status=302, headers={"Location": "/events"})
    with pytest.raises(Trouble, match="more than 3 times"):
        polled(of(api))
    assert len(api.asked) == 4


def test_a_private_host_that_nobody_opened_is_not_asked(api):
    for host in ("127.0.0.2", "localhost"):
        with pytest.raises(Trouble, match="without TLS"):
            polled(read_settings(PollSettings, {"url": api.url("/x", host)}))
        with pytest.raises(Trouble, match="inside the house"):
            polled(read_settings(PollSettings, {"url": api.url("/x", host).replace("http:", "https:")}))
    assert api.asked == []


def test_an_answer_has_a_size_at_most_packed_or_not(api):
    settings = of(api, most_bytes=2048)
    api.answer = lambda asked: Said(b"x" * 2049)
    with pytest.raises(Trouble, match="larger than 2 KiB"):
        polled(settings)
    packed = gzip.compress(b"x" * 2048)
    api.answer = lambda asked: Said(packed, headers={"Content-Encoding": "gzip"})
    assert bodies(polled(settings)) == [b"x" * 2048]
    bomb = gzip.compress(b"x" * 1_000_000)
    api.answer = lambda asked: Said(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(Trouble, match="larger than 2 KiB"):
        polled(settings)
    api.answer = lambda asked: Said(packed[:-9], headers={"Content-Encoding": "gzip"})
    with pytest.raises(Trouble, match="broke off"):
        polled(settings)
    api.answer = lambda asked: Said(b"nonsense", headers={"Content-Encoding": "gzip"})
    with pytest.raises(Trouble, match="error"):
        polled(settings)


def test_a_slow_host_is_left_in_time(api):
    api.answer = lambda asked: Said(b"[1,2]", pause=30)
    with bounds(timeout=0.2) as limits, pytest.raises(Trouble, match="does not answer in time"):
        list(poll.collect(of(api), {}, {}, limits))
    # One that says a little now and then would never be too late for a single read: the whole look has an end.
    with bounds(seconds=0.3, timeout=20) as limits, pytest.raises(Trouble):
        list(poll.collect(of(api), {}, {}, limits))


def test_tls_checks_the_certificate(tmp_path):
    with carrier_api(server_context(certificate_for(tmp_path))) as api:
        api.answer = lambda asked: as_page([1])
        url = api.url("/events").replace("http:", "https:")
        known = {"url": url, "certificate": (tmp_path / "cert.pem").read_text()}
        assert bodies(polled(read_settings(PollSettings, known))) == [b"[1]"]
        with pytest.raises(Trouble, match="SSLCertVerificationError"):
            polled(read_settings(PollSettings, {"url": url}))
        assert len(api.asked) == 1


def test_a_host_that_is_not_there_is_told_without_the_address(api):
    settings = read_settings(PollSettings, {"url": "http://127.0.0.1:1/?key=geheim"})
    with pytest.raises(Trouble) as trouble:
        polled(settings)
    assert str(trouble.value) == "127.0.0.1: ConnectionRefusedError: Connection refused"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, ["url"]),
        ({"url": "events"}, ["url"]),
        ({"url": "file:///x"}, ["url"]),
        ({"url": "https://h:99999/"}, ["url"]),
        ({"url": "https://h/{what}"}, ["url"]),
        ({"url": "https://h/", "paging": "cursor"}, ["cursor_path"]),
        ({"url": "https://h/", "items_path": "a..b", "since_path": "a[x]"}, ["items_path", "since_path"]),
        ({"url": "https://h/", "auth": "oauth2", "token_url": "x"}, ["token_url", "client_id"]),
        ({"url": "https://h/", "auth": "basic"}, ["username"]),
        ({"url": "https://h/", "headers": {"a b": "1"}}, ["headers"]),
        ({"url": "https://h/", "headers": {"a": "1\r\nb: 2"}}, ["headers"]),
        ({"url": "https://h/", "headers": []}, ["headers"]),
    ],
)
def test_settings_that_make_no_sense_are_refused(values, fields):
    with pytest.raises(Unfit) as unfit:
        read_settings(PollSettings, values)
    assert [problem.field for problem in unfit.value.problems] == fields


@pytest.mark.parametrize(
    ("path", "value"),
    [("", {"a": [{"b": 1}, {"b": 2}]}), ("a[0].b", 1), ("a[-1].b", 2), ("a[2].b", None), ("a.b", None), ("x", None)],
)
def test_a_path_leads_to_a_value_or_to_none(path, value):
    assert value_at({"a": [{"b": 1}, {"b": 2}]}, path) == value


@pytest.mark.parametrize("name", ["url", "token_url"])
def test_an_address_holds_no_password(name):
    said = {"url": "https://api.carrier.example/", name: "https://ann:hush@api.carrier.example/"}
    with pytest.raises(Unfit) as refused:
        read_settings(PollSettings, said)
    assert [problem.field for problem in refused.value.problems] == [name]
    assert "hush" not in str(refused.value)


def test_a_host_that_is_not_there_is_said_in_words():
    with pytest.raises(Trouble, match=r"^nowhere\.invalid: no host of this name was found$"):
        polled(read_settings(PollSettings, {"url": "https://nowhere.invalid/events"}))


def test_a_host_inside_the_house_is_named_once():
    with pytest.raises(Trouble, match=r"^10\.0\.0\.1 leads to an address inside the house"):
        polled(read_settings(PollSettings, {"url": "https://10.0.0.1/events"}))
