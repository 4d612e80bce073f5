"""Which addresses may be dialled."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.delivery.transfers.address_policy import AddressPolicy

_PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 168.63.129.15
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255
198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
2000::1 2606:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 2001:200::1 2001:db7:ffff::1 2001:db9::1 2003::1
3ffe::1 3fff:1000::1 3fff:ffff::1
::ffff:8.8.8.8 ::ffff:200.1.1.1 ::ffff:0:8.8.8.8 ::ffff:0:200.1.1.1 ::1.1.1.1 ::200.1.1.1
64:ff9b::8.8.8.8 64:ff9b::200.1.1.1 2002:808:808::1 2002:c801:101::1
2001:0:808:808::f7f7:f7f7 2001:0:c801:101::f7f7:f7f7 2001:0:808:808::37fe:fefe
"""

_REFUSED = """
0.0.0.0 0.1.2.3 0.255.255.255 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255
127.0.0.1 127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 169.254.255.255
172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.0.255 192.0.2.1 192.0.2.255 192.88.99.1 192.88.99.255
192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 198.51.100.255 203.0.113.1 203.0.113.255
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::2 ::ffff fc00::1 fd00:ec2::254 fdff::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 100::1 1fff:ffff::1
2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:db8::1 2001:db8:ffff::1 3fff::1 3fff:fff:ffff::1 4000::1 5f00::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::ffff:192.168.0.1 ::ffff:0:127.0.0.1 ::ffff:0:192.168.0.1
::127.0.0.1 ::10.0.0.1 ::169.254.169.254 ::0.1.0.0
64:ff9b::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::7f00:1 64:ff9b:1::a00:1 64:ff9b:1:7f00:0:100:808:808
2002:7f00:1::1 2002:a00:1::1 2002:c0a8:101:: 2001:0:a00:1::f7f7:f7f7 2001:0:c0a8:101::f7f7:f7f7
2001:0:808:808::80ff:fffe 2001:0:808:808::3f57:fefe
"""


@pytest.mark.parametrize("ip", _PUBLIC.split())
def test_public(ip: str) -> None:
    assert AddressPolicy().allows(ip)


@pytest.mark.parametrize("ip", [*_REFUSED.split(), "", "localhost", "127.1", "1.2.3.4.5", "g::1", "/tmp/socket"])
def test_refused(ip: str) -> None:
    assert not AddressPolicy().allows(ip)


@pytest.mark.parametrize(
    ("network", "ip", "allowed"),
    [
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.0/8", "127.9.9.9", True),
        ("127.0.0.0/8", "::ffff:127.0.0.1", True),
        ("127.0.0.0/8", "::1", False),
        ("127.0.0.0/8", "10.0.0.1", False),
        ("10.1.0.0/16", "10.1.2.3", True),
        ("10.1.0.0/16", "10.2.2.3", False),
        ("10.1.0.0/16", "64:ff9b::a01:203", True),
        ("0.0.0.0/0", "::1", False),
        ("0.0.0.0/0", "::ffff", False),
        ("0.0.0.0/0", "::0.1.0.0", True),
        ("::1/128", "::1", True),
        ("::1/128", "127.0.0.1", False),
        ("fd00::/8", "fd12::1", True),
        ("fd00::/8", "fc12::1", False),
        ("64:ff9b:1::/48", "64:ff9b:1::a00:1", True),
    ],
)
def test_allowed_networks(network: str, ip: str, *, allowed: bool) -> None:
    assert AddressPolicy([ip_network(network)]).allows(ip) is allowed


def test_the_answer_is_remembered() -> None:
    address_policy = AddressPolicy()
    address_policy.allows("8.8.8.8")
    address_policy.allows("8.8.8.8")
    assert address_policy.allows.cache_info().hits == 1


@given(st.integers(0, 2**32 - 1))
def test_what_python_calls_private_is_refused_in_every_clothing(number: int) -> None:
    inner = IPv4Address(number)
    if inner.is_private or inner.is_multicast or inner.is_reserved or inner.is_link_local or inner.is_loopback:
        address_policy = AddressPolicy()
        assert not address_policy.allows(str(inner))
        for prefix in ("::ffff:0:0", "64:ff9b::", "64:ff9b:1::"):
            assert not address_policy.allows(str(IPv6Address(int(ip_address(prefix)) | number)))
        assert not address_policy.allows(str(IPv6Address(0x2002 << 112 | number << 80 | 1)))


@given(st.integers(0, 2**128 - 1))
def test_ipv6_that_python_calls_private_is_refused(number: int) -> None:
    address = IPv6Address(number)
    if (address.is_private or address.is_multicast or address.is_reserved) and not (
        address.ipv4_mapped or address.sixtofour or address.teredo or number >> 32 == 0
    ):
        assert not AddressPolicy().allows(str(address))
