from __future__ import annotations

from ipaddress import ip_network

import pytest

from app.core.middleware.client_address import ClientAddress

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def read(peer: str | None, *forwarded: str, trusted: bool = True) -> str:
    scope = {
        "client": (peer, 1234) if peer is not None else None,
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }
    return ClientAddress(PROXIES if trusted else []).read(scope)


class TestWithoutProxies:
    def test_the_peer_whatever_it_says(self) -> None:
        assert read("203.0.113.9", "198.51.100.1", trusted=False) == "203.0.113.9"

    def test_nobody_is_trusted_by_default(self) -> None:
        assert read("127.0.0.1", "198.51.100.1", trusted=False) == "127.0.0.1"


class TestBehindProxies:
    def test_the_proxys_word_counts(self) -> None:
        assert read("10.0.0.1", "198.51.100.1") == "198.51.100.1"

    def test_the_word_of_a_stranger_does_not(self) -> None:
        assert read("203.0.113.9", "198.51.100.1") == "203.0.113.9"

    def test_what_the_caller_put_in_front_does_not_count(self) -> None:
        assert read("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.7") == "198.51.100.1"

    def test_several_headers_are_one_list(self) -> None:
        assert read("10.0.0.1", "1.2.3.4", "198.51.100.1") == "198.51.100.1"

    def test_garbage_ends_the_walk(self) -> None:
        assert read("10.0.0.1", "198.51.100.1, unknown, 10.0.0.7") == "10.0.0.7"
        assert read("10.0.0.1", "198.51.100.1, ") == "10.0.0.1"
        assert read("10.0.0.1", "\xff\xfe") == "10.0.0.1"

    def test_only_proxies_all_the_way(self) -> None:
        assert read("10.0.0.1", "10.0.0.9, 10.0.0.7") == "10.0.0.9"

    def test_no_header(self) -> None:
        assert read("10.0.0.1") == "10.0.0.1"

    def test_a_unix_socket_is_a_proxy_of_this_machine(self) -> None:
        assert read(None, "198.51.100.1") == "198.51.100.1"
        assert read(None) == "unknown"

    def test_a_very_long_header_is_cut_on_the_left(self) -> None:
        assert read("10.0.0.1", "1.2.3.4, " * 10_000 + "198.51.100.1") == "198.51.100.1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("198.51.100.1:8080", "198.51.100.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:0db8:0000::0001", "2001:db8::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "fe80::1"),
        (' "198.51.100.1" ', "198.51.100.1"),
    ],
)
def test_forms_of_addresses(written: str, meant: str) -> None:
    assert read("10.0.0.1", written) == meant
