"""Which addresses are reached, and that nothing holds a worker for ever."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from partners.channels.network import Dialler, Forbidden, is_open, resolve

CLOSED = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1",
    "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "::7f00:1", "fec0::1",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80e::200e", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", CLOSED)
def test_addresses_inside_a_house_are_closed(address):
    assert not is_open(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_addresses_of_the_public_network_are_open(address):
    assert is_open(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "localhost.", "127.1", "0x7f.1", "2130706433", "[::1]".strip("[]")])
def test_case_47_other_spellings_of_the_same_place_are_refused(host):
    with pytest.raises(Forbidden):
        resolve(host, 80, ())


def test_an_operator_may_open_a_host_by_its_name():
    assert resolve("127.0.0.1", 80, ("127.0.0.1",)) == [(socket.AF_INET, "127.0.0.1")]
    assert resolve("LOCALHOST.", 80, ("localhost",))[0][1] in ("127.0.0.1", "::1")
    with pytest.raises(Forbidden):
        resolve("127.0.0.2", 80, ("127.0.0.1",))


def test_a_name_that_is_none_is_an_error_of_the_network():
    for host in ("x" * 70 + ".example", "a..b", "\udcff"):
        with pytest.raises(OSError):
            resolve(host, 80, ())


def test_a_connection_that_says_nothing_is_cut_when_its_time_is_over():
    with socket.create_server(("127.0.0.1", 0)) as listener, Dialler(("127.0.0.1",), 0.2, timeout=30) as dialler:
        with dialler.connect("127.0.0.1", listener.getsockname()[1]) as made:
            assert made.recv(1) == b""
        with pytest.raises(TimeoutError):
            dialler.connect("127.0.0.1", listener.getsockname()[1])
