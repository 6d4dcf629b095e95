"""What Graph calls an event, and the UID that other calendars know it by."""

import pytest

from providers.outlook.uids import uid_of

HEADER = "040000008200E00074C5B7101A82E008"
NO_DAY, MADE, ZEROS = "00000000", "C0CFBB3A4F10DC01", "0" * 16
OWN = "611ADE0CCACD674D8958B24742524618"


def exchange(day: str = NO_DAY, data: str = OWN, made: str = MADE) -> str:
    return f"{HEADER}{day}{made}{ZEROS}{(len(data) // 2).to_bytes(4, 'little').hex().upper()}{data}"


def from_elsewhere(uid: str, day: str = NO_DAY) -> str:
    data = b"vCal-Uid" + (1).to_bytes(4, "little") + uid.encode() + b"\0"
    return exchange(day, data.hex().upper(), made=ZEROS)


@pytest.mark.parametrize("day", [NO_DAY, "07EA0309"])
@pytest.mark.parametrize("uid", ["qa87q2t552detf773508pdrchc@google.com", "Müller/1"])
def test_an_invitation_from_elsewhere_has_the_uid_it_has_there(uid: str, day: str) -> None:
    assert uid_of({"iCalUId": from_elsewhere(uid, day)}, "id") == uid


def test_an_occurrence_is_named_like_its_series() -> None:
    occurrences = {uid_of({"iCalUId": exchange(day)}, "id") for day in (NO_DAY, "07EA0309", "07ea0310")}

    assert occurrences == {exchange()}


def test_a_name_is_the_same_in_whatever_case_it_is_written() -> None:
    assert uid_of({"iCalUId": exchange().lower()}, "id") == exchange()


@pytest.mark.parametrize("name", ["u1@example.com", HEADER, exchange()[:81], "g" + exchange()[1:]])
def test_what_is_no_name_of_exchange_is_taken_as_it_is(name: str) -> None:
    assert uid_of({"iCalUId": name}, "id") == name


@pytest.mark.parametrize("row", [{}, {"iCalUId": None}, {"iCalUId": ""}, {"iCalUId": 5}])
def test_what_has_no_name_is_known_by_its_id(row: dict[str, object]) -> None:
    assert uid_of(row, "id") == "id"


def test_an_empty_uid_from_elsewhere_is_none() -> None:
    assert uid_of({"iCalUId": from_elsewhere("")}, "id") == from_elsewhere("")
