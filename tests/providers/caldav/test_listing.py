"""Which of the things in a home are calendars, and what they say of themselves."""

from simulators.caldav.app import CalDavSimulator
from simulators.caldav.store import Calendar
from tests.providers.caldav.builders import USER, Service, a_service


def add(simulator: CalDavSimulator, name: str, **said: object) -> Calendar:
    calendar = simulator.store.users[USER].add_calendar(name)
    for attribute, value in said.items():
        setattr(calendar, attribute, value)
    return calendar


async def names_listed(service: Service) -> set[str | None]:
    return {calendar.name for calendar in await service.calendars()}


async def test_all_calendars_of_a_home_are_listed_and_nothing_else() -> None:
    async with a_service() as service:
        add(service.simulator, "shared", resource_types=("calendar", "{http://calendarserver.org/ns/}shared"))
        for name, types in {
            "feed": ("{http://calendarserver.org/ns/}subscribed",),
            "pointer": ("calendar", "{http://calendarserver.org/ns/}subscribed"),
            "notes": ("{http://calendarserver.org/ns/}notification",),
            "dropbox": ("{http://calendarserver.org/ns/}dropbox-home",),
            "contacts": ("{urn:ietf:params:xml:ns:carddav}addressbook",),
            "deleted": ("calendar", "{http://nextcloud.com/ns}deleted-calendar"),
            "folder": (),
        }.items():
            add(service.simulator, name, resource_types=types)

        assert await names_listed(service) == {"Work", "Shared"}


async def test_a_calendar_of_tasks_alone_is_left_out_and_one_that_does_not_say_is_not() -> None:
    async with a_service() as service:
        add(service.simulator, "tasks", components=("VTODO",))
        add(service.simulator, "anything", components=None)

        assert await names_listed(service) == {"Work", "Anything"}


async def test_what_a_calendar_says_of_itself_is_kept() -> None:
    async with a_service() as service:
        said = {"description": "Every day", "color": "#2A6FDBFF", "timezone": "Europe/Zurich", "is_read_only": True}
        add(service.simulator, "all", displayname="Alles", **said)

        listed = {calendar.name: calendar for calendar in await service.calendars()}

        everything = listed["Alles"]
        assert everything.remote_id == "/ada/all/"
        assert everything.description == "Every day"
        assert everything.color == "#2a6fdb"
        assert everything.time_zone == "Europe/Zurich"
        assert everything.is_read_only
        assert not listed["Work"].is_read_only
        assert listed["Work"].time_zone is None
        assert listed["Work"].color is None


async def test_the_default_for_invitations_is_the_main_calendar() -> None:
    async with a_service() as service:
        add(service.simulator, "other")

        assert {calendar.name: calendar.is_primary for calendar in await service.calendars()} == {
            "Work": True,
            "Other": False,
        }


async def test_floating_times_are_meant_in_the_calendars_zone() -> None:
    async with a_service() as service:
        service.calendar.timezone = "America/New_York"
        floating = "BEGIN:VEVENT\r\nUID:f\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260601T090000\r\nEND:VEVENT\r\n"
        service.calendar.put("f.ics", f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{floating}END:VCALENDAR\r\n")

        reading = await service.read()

        assert [change.event.time.zone for page in reading.pages for change in page.changes] == ["America/New_York"]  # type: ignore[union-attr]


async def test_a_calendar_keeps_its_name_in_every_spelling() -> None:
    async with a_service() as service:
        service.simulator.add_user("grace~h@example.com", "pw").add_calendar("büro & mehr")
        typed = {"url": service.url, "username": "grace~h@example.com", "password": "pw"}
        account = await service.provider.connect(typed)
        remote_ids = set()

        for spelling in ("plain", "encoded", "mixed"):
            service.simulator.quirks.href_spelling = spelling
            assert await service.provider.connect(typed) == account or spelling != "plain"
            assert (await service.provider.connect(typed)).identity == account.identity
            async with service.provider.open(account) as client:
                remote_ids |= {calendar.remote_id async for calendar in client.calendars()}

        assert remote_ids == {"/grace~h@example.com/b%C3%BCro%20&%20mehr/"}
