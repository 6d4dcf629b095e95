"""What has to be written so that the store holds event objects as a provider has them now. Decided here, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from calendar_sync.domain.changes import Change, ChangeKind
from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.events import Event, EventTime, Instance, Window
from calendar_sync.domain.identifiers import EventId, OccurrenceId, event_id
from calendar_sync.domain.sync import Transition
from calendar_sync.recurrence import expand, in_common
from calendar_sync.store import identity, payload
from calendar_sync.store.bulk import RowValues
from calendar_sync.store.changes import Made, Origin
from calendar_sync.store.endings import ends_at
from calendar_sync.store.occurrence_rows import new_row, says_the_same
from calendar_sync.store.payload import Encoded

EVENT_COLUMNS = (
    "uid",
    "content_hash",
    "payload",
    "is_recurring",
    "is_truncated",
    "ends_at",
    "run_id",
    "updated_at",
)
"""The columns of an event object that change with it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event object as it is stored. Its hash is `None` when only its past was kept."""

    content_hash: str | None
    payload: str
    occurrences: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What one transaction is about."""

    calendar: Calendar
    origin: Origin
    window: Window

    @property
    def now(self) -> datetime:
        return self.origin.at


@dataclass(slots=True)
class Plan:
    """Rows to write, and what they come to."""

    new_events: list[RowValues] = field(default_factory=list)
    changed_events: list[RowValues] = field(default_factory=list)
    new_occurrences: list[RowValues] = field(default_factory=list)
    changed_occurrences: list[RowValues] = field(default_factory=list)
    gone_occurrences: list[str] = field(default_factory=list)
    former_occurrences: list[str] = field(default_factory=list)
    """Those to remember as they are before this is written (`store.former`): all that go are among them."""
    changes: list[Made] = field(default_factory=list)
    transitions: dict[str, Transition] = field(default_factory=dict)


def plan(setting: Setting, wanted: Sequence[Encoded], stored: Mapping[str, Stored]) -> Plan:
    """`wanted` are the event objects whose hash differs, `stored` what there is of them, by `remote_id`."""
    result = Plan()
    for encoded in wanted:
        expanded = _expanded(setting, encoded)
        known = stored.get(encoded.event.remote_id)
        if known is None:
            _add(result, setting, expanded)
        else:
            _change(result, setting, expanded, known)
    return result


@dataclass(frozen=True, slots=True)
class _Expanded:
    """An event object as it shall be stored: its row's values, and its instances by original start."""

    id: EventId
    event: Event
    values: Mapping[str, object]
    instances: Mapping[str, Instance]

    @property
    def content_hash(self) -> str:
        return str(self.values["content_hash"])


def _expanded(setting: Setting, encoded: Encoded) -> _Expanded:
    event = encoded.event
    expansion = expand(event, setting.window)
    values = {
        "uid": event.uid,
        "content_hash": encoded.content_hash,
        "payload": encoded.payload,
        "is_recurring": event.is_recurring,
        "is_truncated": expansion.truncated,
        "ends_at": ends_at(event, expansion, setting.window),
        "run_id": setting.origin.run,
        "updated_at": setting.now,
    }
    instances = {instance.original_start: instance for instance in expansion.instances}
    return _Expanded(event_id(setting.calendar.id, event.remote_id), event, values, instances)


def _add(result: Plan, setting: Setting, new: _Expanded) -> None:
    calendar, time = setting.calendar, new.event.time
    place = {
        "id": new.id,
        "calendar_id": calendar.id,
        "connection_id": calendar.connection_id,
        "user_id": calendar.user_id,
        "organization_id": calendar.organization_id,
        "remote_id": new.event.remote_id,
        "created_at": setting.now,
    }
    result.new_events.append({**place, **new.values})
    names = identity.assign(new.id, {}, new.instances, before=time, after=time)
    result.new_occurrences.extend(
        new_row(calendar, new.id, new.event, instance, names[original], setting.now)
        for original, instance in new.instances.items()
    )
    _note(result, setting, new, None, None)


def _change(result: Plan, setting: Setting, new: _Expanded, known: Stored) -> None:
    before = payload.decode(new.event.remote_id, known.payload)
    result.changed_events.append({"id": new.id, **new.values})
    if known.content_hash is not None and payload.encode(before).content_hash == new.content_hash:
        return  # the same in all it says: it was hashed by a version that knew fewer fields
    _rewrite(result, setting, new, before.time, known.occurrences)
    if known.content_hash is None or not _differ_in_span_only(before, new.event):
        _note(result, setting, new, known, before)


def _differ_in_span_only(before: Event, after: Event) -> bool:
    """Whether the provider's listing of a series moved on with the window, and says nothing new."""
    common = in_common(before, after)
    return common is not None and len({payload.encode(event).content_hash for event in common}) == 1


def _rewrite(
    result: Plan, setting: Setting, new: _Expanded, before: EventTime, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Make the occurrences those of the new instances. What was over before the window stays as it was."""
    current = [row for row in rows if row["original_start"] in new.instances or _is_rewritten(row, setting.window)]
    names = identity.assign(
        new.id,
        {row["original_start"]: OccurrenceId(row["id"]) for row in current},
        new.instances,
        before=before,
        after=new.event.time,
        taken={row["id"] for row in rows},
    )
    old = {row["id"]: row for row in current}
    for original, instance in new.instances.items():
        row = new_row(setting.calendar, new.id, new.event, instance, names[original], setting.now)
        same = old.pop(names[original], None)
        if same is None:
            result.new_occurrences.append(row)
        elif not says_the_same(same, row):
            result.changed_occurrences.append(row)
            if same["original_start"] != original or not _is_rewritten(same, setting.window):
                result.former_occurrences.append(names[original])
    result.gone_occurrences.extend(old)
    result.former_occurrences.extend(old)


def _is_rewritten(row: Mapping[str, Any], window: Window) -> bool:
    return bool(row["original_start"] == "" or row["ends_at"] > window.start)


def _note(result: Plan, setting: Setting, new: _Expanded, known: Stored | None, before: Event | None) -> None:
    """`before` is what is `known`. It is new to the provider where only its past was kept."""
    hash_before = None if known is None else known.content_hash
    was = before if hash_before is not None else None
    result.transitions[new.event.remote_id] = Transition(hash_before, new.content_hash)
    change = Change(
        event_id=new.id,
        calendar_id=setting.calendar.id,
        remote_id=new.event.remote_id,
        kind=ChangeKind.CREATED if was is None else ChangeKind.UPDATED,
        before=None if was is None else payload.summary(was),
        after=payload.summary(new.event),
        fields=() if was is None else payload.changed_fields(was, new.event),
    )
    result.changes.append(Made(change, None if known is None else known.payload))
