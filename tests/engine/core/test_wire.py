"""Events and entities as JSON: nothing is lost, everything is ASCII, and what is not known stops the reader."""

import json
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import chat_entities, entities, events, note_entities
from engine.core.events import AnyEvent, Record, UnknownEvent, decode, encode
from engine.core.ids import RunId
from tests.engine.core.shapes import of, structs_of

EVENTS = list(AnyEvent.__args__)
ENTITIES = structs_of(entities) + structs_of(note_entities) + structs_of(chat_entities)

KINDS = """
run-started spec-written run-moved run-paused run-resumed budget-raised run-completed run-failed run-cancelled
task-planned task-readied dependencies-changed attempt-started turns-logged work-submitted work-approved attempt-failed
review-deferred retry-scheduled landing-prepared work-merged result-accepted human-asked decision-answered
decision-withdrawn human-retried landing-resumed task-abandoned
"""


def test_no_kind_was_renamed_or_removed():
    tags = {kind.__struct_config__.tag for kind in EVENTS}
    assert set(KINDS.split()) <= tags
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", str(tag)) for tag in tags)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_every_event_survives_encoding(kind: type[msgspec.Struct], data: st.DataObject):
    event = data.draw(of(kind))
    line = encode(event)  # type: ignore[arg-type]  # the strategy makes values of this very kind
    assert decode(line) == event
    assert encode(decode(line)) == line
    assert line.isascii()
    assert min(line) >= " "
    keys = list(json.loads(line))
    assert keys == sorted(keys)


@pytest.mark.parametrize("kind", ENTITIES, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_every_entity_survives_encoding(kind: type[msgspec.Struct], data: st.DataObject):
    entity = data.draw(of(kind))
    text = msgspec.json.encode(entity)
    assert msgspec.json.decode(text, type=kind) == entity
    assert msgspec.json.encode(msgspec.json.decode(text, type=kind)) == text


@settings(max_examples=50)
@given(of(events.TaskAbandoned), st.integers(1, 2**53), st.text(max_size=8))
def test_a_record_survives_encoding(event: events.TaskAbandoned, seq: int, actor: str):
    record = Record(seq, "2026-01-01T00:00:00Z", actor, event)
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record


def test_characters_beyond_ascii_are_escaped_as_json_says():
    line = encode(events.RunPaused(RunId("R1"), reason="é\u2028😀"))
    assert line == '{"kind":"run-paused","reason":"\\u00e9\\u2028\\ud83d\\ude00","run":"R1"}'


@pytest.mark.parametrize(
    "line",
    [
        '{"kind":"task-teleported","run":"R1"}', '{"kind":"run-failed","run":"R1"}', '{"run":"R1"}', "{", "",
        '{"kind":"run-moved","run":"R1","to":"happy"}', '{"kind":"task-readied","run":1,"task":"T1"}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_known_event_stops_the_reader(line: str):
    with pytest.raises(UnknownEvent, match="the line begins"):
        decode(line)


def test_fields_at_their_default_are_left_out():
    assert encode(events.RunPaused(RunId("R1"))) == '{"kind":"run-paused","run":"R1"}'
