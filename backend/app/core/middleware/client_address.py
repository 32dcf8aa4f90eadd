"""Who is calling, behind proxies that we trust and no others."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from app.core.settings import Network

UNKNOWN: Final = "unknown"
_MOST_HOPS: Final = 20
_LONGEST: Final = 2000


class ClientAddress:
    """Reads the caller's address: the peer's own, or what our trusted proxies say about it.

    Of ``X-Forwarded-For`` only the part that trusted proxies appended counts: it is read from the right until the
    first address that is not one of them. What stands further left is whatever the caller liked to send.
    """

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._resolve = lru_cache(maxsize=2048)(self._walk)

    def read(self, scope: Scope) -> str:
        """The address in its shortest form, or ``unknown`` behind a Unix socket without a trusted proxy's word."""
        client = scope.get("client")
        peer = client[0] if client else ""
        if not self._trusted:
            return self._resolve(peer, b"")
        forwarded = b",".join([value for name, value in scope["headers"] if name == b"x-forwarded-for"])
        return self._resolve(peer, forwarded[-_LONGEST:])

    def _walk(self, peer: str, forwarded: bytes) -> str:
        """An entry that is no address ends the walk: nothing beyond it can be believed."""
        address = _parse(peer)
        known = str(address) if address is not None else UNKNOWN
        if address is not None and not self._is_trusted(address):
            return known
        if not self._trusted:
            return known
        for entry in reversed(forwarded.decode("latin-1").split(",")[-_MOST_HOPS:]):
            address = _parse(entry)
            if address is None:
                break
            known = str(address)
            if not self._is_trusted(address):
                break
        return known

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Reads ``192.0.2.1``, with a port too, ``2001:db8::1`` and ``[2001:db8::1]:80``; an IPv4 in IPv6 becomes one."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
