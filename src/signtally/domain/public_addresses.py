"""Which IP addresses are public: only those may a tenant make us call."""

import ipaddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def ip_address(text: str) -> IpAddress | None:
    """The address that *text* writes, a zone (`%eth0`) left out; None for a name."""
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_public(address: IpAddress) -> bool:
    """False for private, link-local, loopback, multicast, reserved and unspecified ones, and for what leads to one.

    An IPv6 address may embed an IPv4 address that a gateway calls instead: mapped, 6to4, Teredo, NAT64.
    """
    return all(
        each.is_global and not each.is_multicast and not each.is_reserved for each in (address, *_embedded(address))
    )


def _embedded(address: IpAddress) -> list[ipaddress.IPv4Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in embedded if each is not None]
