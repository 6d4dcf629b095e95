"""Whatever happens to a calendar and its server, in whatever order: what was read ends up equal to what is there."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.errors import CursorExpired, ProviderError
from calendar_sync.domain.providers import ChangePage, Cursor
from simulators.caldav.quirks import Fault
from tests.providers.caldav.builders import Service, a_service, an_object
from tests.providers.contract import WINDOW, Copy, Meeting, the_calendar

MANNERS: Sequence[dict[str, object]] = (
    {},
    {"page_size": 1},
    {"page_size": 2, "lists_itself": True, "lists_twice": True},
    {"supports_sync_collection": False},
    {"supports_sync_collection": False, "supports_ctag": False, "supports_query": False},
    {"lists_sync_token": False, "href_spelling": "encoded"},
    {"lists_etags": False, "mute": ("1.ics", "2.ics")},
    {"supports_multiget": False, "expired_status": 412, "expired_body": ""},
    {"refuses_initial_sync": True},
)
FAULTS = (
    Fault("REPORT", status=500),
    Fault("REPORT", skip=1, status=400),
    Fault("REPORT", status=207, body="<nonsense"),
    Fault("REPORT", cut_after=100, times=10),
    Fault("PROPFIND", status=503, times=10),
    Fault("GET", status=500, times=2),
)

uids = st.integers(0, 5).map(str)
steps = st.one_of(
    st.tuples(st.just("put"), uids),
    st.tuples(st.just("put"), uids),
    st.tuples(st.just("remove"), uids),
    st.tuples(st.just("expire")),
    st.tuples(st.just("behave"), st.sampled_from(MANNERS)),
    st.tuples(st.just("fail"), st.sampled_from(FAULTS)),
    st.tuples(st.just("withhold"), st.integers(1, 3)),
    st.tuples(st.just("sync")),
    st.tuples(st.just("sync")),
)


class Reader:
    """Reads as the sync loop does: pages count as they come, the cursor when the reading is whole."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._cursor: Cursor | None = None
        self.copy = Copy()

    async def sync(self) -> None:
        try:
            await self._pull(self._cursor)
        except CursorExpired:
            await self._pull(None)

    async def _pull(self, since: Cursor | None) -> None:
        pages: list[ChangePage] = []
        try:
            async with self._service.client() as client:
                async for page in client.changes(await the_calendar(client), since, WINDOW):
                    pages.append(page)  # noqa: PERF401 - what came before an error counts
        finally:
            self.copy.apply(pages)
        self._cursor = pages[-1].cursor


@given(st.lists(steps, max_size=14))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_what_was_read_ends_up_equal_to_what_is_there(history: list[tuple[object, ...]]) -> None:
    async with a_service() as service:
        reader = Reader(service)
        for number, step in enumerate(history):
            await happen(service, reader, number, step)

        service.simulator.faults.clear()
        await reader.sync()

        assert reader.copy.titles == titles(service)


async def happen(service: Service, reader: Reader, number: int, step: tuple[object, ...]) -> None:
    match step:
        case ("put", str(uid)):
            service.calendar.put(f"{uid}.ics", an_object(Meeting(uid, f"Version {number}")))
        case ("remove", str(uid)) if f"{uid}.ics" in service.calendar.objects:
            service.calendar.remove(f"{uid}.ics")
        case ("expire",):
            service.simulator.expire_tokens()
        case ("behave", dict(manners)):
            service.simulator.quirks.reset()
            service.simulator.quirks.change(**manners)
        case ("fail", Fault() as fault):
            service.simulator.faults.plan(fault)
        case ("withhold", int(times)):
            service.simulator.quirks.supports_multiget = False
            service.simulator.faults.plan(Fault("GET", status=500, times=times))
        case ("sync",):
            await sync_if_possible(reader)


async def sync_if_possible(reader: Reader) -> None:
    try:
        await reader.sync()
    except ProviderError:
        return


def titles(service: Service) -> dict[str, str]:
    lines = {name: stored.body.decode().splitlines() for name, stored in service.calendar.objects.items()}
    summaries = {name: next(line for line in text if line.startswith("SUMMARY:")) for name, text in lines.items()}
    return {name.removesuffix(".ics"): summary.removeprefix("SUMMARY:") for name, summary in summaries.items()}
