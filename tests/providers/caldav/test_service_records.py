"""A domain's CalDAV services come from DNS, the preferred first; where DNS fails there are none."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import dns.rrset
from dns.asyncresolver import Resolver
from dns.rdatatype import RdataType

from providers.caldav.dns_services import DnsServices
from providers.caldav.service_records import ServiceRecord

SERVICE = "_caldavs._tcp.example.test."
Answers = Mapping[tuple[str, RdataType], tuple[str, ...]]


class NameServer(asyncio.DatagramProtocol):
    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        response = dns.message.make_response(question)
        records = self._answers.get((asked.name.to_text(), asked.rdtype), ())
        if records:
            response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", asked.rdtype.name, *records))
        assert self._transport is not None
        self._transport.sendto(response.to_wire(), addr)


@asynccontextmanager
async def a_name_server(answers: Answers) -> AsyncIterator[DnsServices]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: NameServer(answers), local_addr=("127.0.0.1", 0))

    def resolver() -> Resolver:
        made = Resolver(configure=False)
        made.nameservers, made.port = ["127.0.0.1"], transport.get_extra_info("sockname")[1]
        return made

    try:
        yield DnsServices(resolver)
    finally:
        transport.close()


async def test_services_come_in_the_order_the_domain_prefers() -> None:
    records = ("10 5 443 light.example.test.", "10 50 443 Heavy.Example.test.", "1 0 8443 first.example.test.")

    async with a_name_server({(SERVICE, RdataType.SRV): records}) as look_up:
        assert await look_up("example.test") == (
            ServiceRecord("first.example.test", 8443),
            ServiceRecord("heavy.example.test", 443),
            ServiceRecord("light.example.test", 443),
        )


async def test_a_domain_may_name_a_path() -> None:
    answers = {
        (SERVICE, RdataType.SRV): ("0 0 443 cal.example.test.",),
        (SERVICE, RdataType.TXT): ('"something else"', '"path=/dav/"'),
    }

    async with a_name_server(answers) as look_up:
        assert await look_up("example.test") == (ServiceRecord("cal.example.test", 443, "/dav/"),)


async def test_a_domain_without_the_service_has_none() -> None:
    async with a_name_server({(SERVICE, RdataType.SRV): ("0 0 0 .",)}) as look_up:
        assert await look_up("example.test") == ()
        assert await look_up("other.test") == ()


async def test_where_there_is_no_name_server_there_are_no_services() -> None:
    def resolver() -> Resolver:
        made = Resolver(configure=False)
        made.nameservers = []
        return made

    assert await DnsServices(resolver)("example.test") == ()


async def test_what_is_no_name_has_no_services() -> None:
    async with a_name_server({}) as look_up:
        assert await look_up("x" * 64 + ".test") == ()
        assert await look_up("a..test") == ()
