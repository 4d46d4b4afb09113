"""Network addresses, as limits and blocks compare them: IPv4 inside of IPv6 is IPv4, and of IPv6 a home or office has
64 bits to itself."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
OF_ONE = 64
"""Bits of an IPv6 address that name whose network it is; the rest a device there chooses as it likes."""


@lru_cache(maxsize=8192)
def address_of(text: str | None) -> Address | None:
    """An address as a request carries it; None for what is none, such as a socket file of this machine."""
    try:
        found = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def network_of(text: str) -> Network:
    """A network or a single address as people write it. Raises ValueError."""
    found = ip_network(text.strip(), strict=False)
    if isinstance(found, IPv6Network) and found.network_address.ipv4_mapped and found.prefixlen >= 96:
        return ip_network((found.network_address.ipv4_mapped, found.prefixlen - 96))
    return found


@lru_cache(maxsize=8192)
def neighborhood(text: str | None) -> str:
    """Whom to count an address as: itself, of IPv6 its network; empty for what is none."""
    found = address_of(text)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, OF_ONE), strict=False))
    return str(found or "")
