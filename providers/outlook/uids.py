"""The iCalendar UID behind Graph's `iCalUId`, which is Exchange's own name of an event, in hexadecimal digits.

[MS-OXOCAL] 2.2.1.27 PidLidGlobalObjectId: 16 bytes that are the same in all, the original day of an occurrence (4),
when it was made (8), zeros (8), a length (4) and so many bytes of data. So each occurrence of a series has a name of
its own; without the day it is that of the series. Of an invitation from elsewhere the data is the UID that it has
there, marked as such ([MS-OXCICAL] 2.1.3.1.1.20.26).
"""

import re
from collections.abc import Mapping
from typing import Final

_GLOBAL_OBJECT_ID: Final = re.compile(r"040000008200E00074C5B7101A82E008(?:[0-9A-F]{2}){25,}", re.IGNORECASE | re.ASCII)
_DAY: Final = slice(16, 20)
_DATA: Final = slice(40, None)
_FROM_ELSEWHERE: Final = b"vCal-Uid\x01\x00\x00\x00"


def uid_of(row: Mapping[str, object], otherwise: str) -> str:
    """The same wherever an invitation went to, and in all rows of a series; `otherwise` where none is given."""
    name = row.get("iCalUId")
    if not isinstance(name, str) or not name:
        return otherwise
    return icalendar_uid(name) if _GLOBAL_OBJECT_ID.fullmatch(name) else name


def names_occurrence(row: Mapping[str, object]) -> bool:
    """Whether the name is that of one occurrence of a series. So is a single event that was one where it came from."""
    name = row.get("iCalUId")
    return isinstance(name, str) and _GLOBAL_OBJECT_ID.fullmatch(name) is not None and any(bytes.fromhex(name)[_DAY])


def icalendar_uid(global_object_id: str) -> str:
    """Of a whole global object id, as `uid_of` makes sure it is."""
    raw = bytearray.fromhex(global_object_id)
    data = bytes(raw[_DATA])
    if data.startswith(_FROM_ELSEWHERE):
        uid = data.removeprefix(_FROM_ELSEWHERE).split(b"\0")[0].decode(errors="ignore")
        if uid:
            return uid
    raw[_DAY] = bytes(4)
    return raw.hex().upper()
