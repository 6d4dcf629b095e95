"""The words in which changes are told."""

from dataclasses import fields

from calendar_sync.domain.changes import ChangeCause, ChangedField
from calendar_sync.domain.events import Details, Event
from calendar_sync.domain.sync import Trigger
from calendar_sync.store.payload import changed_fields
from tests.builders import an_event


def test_every_field_of_an_event_can_be_named_as_changed() -> None:
    names = {field.name for kind in (Event, Details) for field in fields(kind)} - {"remote_id", "details"}
    assert {field.value for field in ChangedField} == names
    assert changed_fields(an_event(title="A"), an_event(title="B")) == (ChangedField.TITLE,)


def test_whatever_asks_for_a_run_is_a_cause() -> None:
    assert {trigger.value for trigger in Trigger} <= {cause.value for cause in ChangeCause}
