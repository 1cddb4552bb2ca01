"""The write-ahead log: what was put is there, in order and whole, whatever was there before and wherever a write was cut."""

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.store import wal
from engine.store.wal import Group, WriteAheadLog

REF = "refs/heads/orch-state"
BLOCK = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orch" / "wal"


def group(number: int, size: int = 100) -> Group:
    """The group that leads from commit `number - 1` to commit `number`."""
    ids = [bytes([number % 251, index]) * 10 for index in range(2)]
    return Group(commit(number - 1) if number > 1 else None, commit(number), ids, [b"%d" % number * size, b""])


def commit(number: int) -> str:
    return f"{number:040x}"


def put(path: Path, *groups: Group) -> None:
    with closing(WriteAheadLog.open(path, REF)) as log:
        assert all(map(log.put, groups))


def tips(path: Path) -> list[str]:
    return [one.new for one in wal.read(path, REF)]


def test_groups_are_read_as_they_were_put(path):
    groups = [group(1), group(2, size=5000), group(3)]
    put(path, *groups)
    assert wal.read(path, REF) == groups


def test_where_there_is_no_file_there_are_no_groups(path):
    assert wal.read(path, REF) == []


def test_what_an_earlier_round_left_is_not_read(path):
    with closing(WriteAheadLog.open(path, REF)) as log:
        for number in (1, 2, 3):
            log.put(group(number))
        log.clear()
        assert tips(path) == []
        log.put(group(4))
    assert tips(path) == [commit(4)]


def test_another_ref_s_groups_are_not_read(path):
    put(path, group(1))
    assert wal.read(path, "refs/heads/other") == []


def test_a_group_without_room_changes_nothing(path):
    with closing(WriteAheadLog.open(path, REF)) as log:
        assert log.put(group(1))
        assert not log.put(group(2, size=wal.SIZE))
        assert log.put(group(2))
    assert tips(path) == [commit(1), commit(2)]


def test_a_group_whose_sync_failed_is_as_if_never_given(path, monkeypatch):
    with closing(WriteAheadLog.open(path, REF)) as log:
        log.put(group(1))
        with monkeypatch.context() as patch:
            patch.setattr("engine.store.wal.os.fdatasync", refuse)
            with pytest.raises(OSError, match="Input/output"):
                log.put(group(2))
        assert tips(path) == [commit(1)]
        log.put(group(2, size=7))
    assert wal.read(path, REF) == [group(1), group(2, size=7)]


def refuse(_: int) -> None:
    raise OSError(5, "Input/output error")


def test_the_file_keeps_its_size_and_is_its_owner_s_alone(path):
    for _ in range(2):
        put(path, group(1))
        assert path.stat().st_size == wal.SIZE
        assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"cut short")
    put(path, group(1))
    assert path.stat().st_size == wal.SIZE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(count=st.integers(1, 4), torn=st.integers(0, 3), kept=st.floats(0, 1), filler=st.binary(min_size=1, max_size=8))
def test_of_a_write_that_was_cut_nothing_is_read_and_of_those_before_everything(tmp_path, count, torn, kept, filler):
    path = tmp_path / "wal"
    groups = [group(number, size=1500) for number in range(1, count + 1)]
    put(path, *groups)
    torn = min(torn, count - 1)
    content = bytearray(path.read_bytes())
    begins = content.index(b"orchWAL1", 1 if torn else 0) if torn else 0
    for _ in range(torn - 1):
        begins = content.index(b"orchWAL1", begins + 1)
    assert begins % BLOCK == 0
    # The body is 1,500 digits and more; what came after the cut is whatever lay there.
    cut = begins + 8 + int(kept * 1400)
    changed = bytes(content[cut : cut + len(filler)]) != filler
    content[cut : cut + len(filler)] = filler
    path.write_bytes(content)
    assert wal.read(path, REF) == (groups[:torn] if changed else groups)


def test_one_put_is_one_sync(path, monkeypatch):
    synced: list[int] = []
    with closing(WriteAheadLog.open(path, REF)) as log:
        monkeypatch.setattr("engine.store.wal.os.fdatasync", synced.append)
        log.put(group(1))
    assert len(synced) == 1
