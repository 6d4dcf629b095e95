"""Who attends, kept once for all occurrences that have the same attendees."""

from sqlalchemy import select

from calendar_sync.domain.events import Attendee
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.providers import Removal
from calendar_sync.store.attendee_lists import FIRST, Key
from calendar_sync.store.database import Database
from calendar_sync.store.tables import attendee_lists
from tests.builders import a_series, an_event
from tests.store.conftest import Place, a_place


def attended(*emails: str | None) -> tuple[Attendee, ...]:
    return tuple(Attendee(email) for email in emails)


async def members(place: Place) -> list[str]:
    """The addresses of the user's lists, each as often as lists have it."""
    async with place.database.begin(write=False) as tx:
        mine = select(attendee_lists.c.email).where(attendee_lists.c.user_id == place.actor.user_id)
        return sorted((await tx.connection.execute(mine)).scalars())


async def sweep(database: Database, after: Key = FIRST, at_most: int = 1000) -> Key:
    async with database.begin() as tx:
        return await tx.events.sweep_attendees(after, at_most)


async def names(place: Place, email: str) -> list[str | None]:
    return [each.title for each in await place.occurrences(OccurrenceFilter(attendee_email=email))]


async def test_occurrences_with_the_same_attendees_share_a_list(place: Place) -> None:
    both = attended("ada@example.com", "bob@example.com", None)
    await place.apply(a_series("s", rule="FREQ=DAILY;COUNT=9", attendees=both), an_event("e", attendees=both))
    await place.apply(an_event("f", attendees=attended("ada@example.com")), an_event("g"))
    assert await members(place) == ["ada@example.com", "ada@example.com", "bob@example.com"]
    assert len(await names(place, "bob@example.com")) == 10


async def test_an_event_is_found_by_those_who_attend_now(place: Place) -> None:
    await place.apply(an_event(attendees=attended("ada@example.com")))
    await place.apply(an_event(attendees=attended("bob@example.com")))
    assert (await names(place, "ada@example.com"), await names(place, "BOB@example.com")) == ([], ["Stand-up"])


async def test_lists_that_no_occurrence_has_are_deleted_and_all_others_kept(place: Place) -> None:
    other = await a_place(place.database, "other@example.com")
    await other.apply(an_event(attendees=attended("ada@example.com")))
    await place.apply(an_event("a", attendees=attended("ada@example.com", "bob@example.com")))
    await place.apply(an_event("b", attendees=attended("ada@example.com")), Removal("a"))
    assert await sweep(place.database) == FIRST
    assert (await members(place), await members(other)) == (["ada@example.com"], ["ada@example.com"])


async def test_the_sweep_goes_through_all_lists_in_portions_and_then_begins_anew(place: Place) -> None:
    emails = [f"{number}@example.com" for number in range(5)]
    await place.apply(an_event("a", attendees=attended(*emails)))
    await place.apply(Removal("a"))
    left, after = [], FIRST
    for _ in range(3):
        after = await sweep(place.database, after, at_most=2)
        left.append(len(await members(place)))
    assert (left, after) == ([3, 1, 0], FIRST)


async def test_a_list_of_which_a_part_was_deleted_is_whole_again_once_it_is_used(place: Place) -> None:
    both = attended("ada@example.com", "bob@example.com")
    await place.apply(an_event("a", attendees=both))
    await place.apply(Removal("a"))
    await sweep(place.database, at_most=1)
    await place.apply(an_event("b", attendees=both))
    await sweep(place.database)
    assert await members(place) == ["ada@example.com", "bob@example.com"]
