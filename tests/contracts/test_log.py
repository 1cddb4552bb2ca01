"""What every log promises, whether it lies in git or in memory."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.ports import Log
from engine.store.entry import StoredEntry
from engine.store.errors import BrokenLog, LogMovedOn
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.store.memory import MemoryLog
from tests.contracts.log_places import PLACES, Place
from tests.fakes.entries import entry, new_repository


@pytest.fixture(params=PLACES)
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    repository = new_repository(tmp_path)
    with EngineLock(repository, since_ms=0):
        yield PLACES[request.param](repository)


@pytest.fixture
def open_log(new_place: Place) -> Callable[[], Log]:
    return new_place()


@pytest.fixture
def log(open_log: Callable[[], Log]) -> Iterator[Log]:
    opened = open_log()
    yield opened
    opened.close()


def events(log: Log) -> list[str]:
    return [stored.event for stored in log.entries()]


def test_an_empty_log_has_nothing(log):
    assert log.tip() is None
    assert log.read("README.md") is None
    assert list(log.files()) == []
    assert list(log.entries()) == []
    assert log.last() is None


def test_an_entry_reads_back_as_it_was_appended(log):
    tip = log.append([entry(1, author="Ada (slack)")])
    (stored,) = log.entries()
    assert stored == StoredEntry(
        commit=tip,
        tree=stored.tree,
        seq=1,
        at_ms=1_700_000_001_000,
        subject="T1 planned -> ready by engine",
        author="Ada (slack)",
        trailers=(("Orch-Run", "R1"), ("Orch-Task", "T1")),
        event='{"kind":"task-became-ready","task":"T1"}',
        parents=stored.parents,
        committed_at_ms=1_700_000_001_000,
    )
    assert len(stored.parents) == 1
    assert log.tip() == tip


def test_every_entry_of_a_group_is_a_commit_of_its_own_in_order(log):
    log.append([entry(1), entry(2), entry(3)])
    log.append([entry(4)])
    stored = list(log.entries())
    assert [one.seq for one in stored] == [1, 2, 3, 4]
    assert [one.parents[0] for one in stored[1:]] == [one.commit for one in stored[:-1]]
    assert len({one.tree for one in stored}) == 4
    assert log.last() == stored[-1]


def test_the_branch_explains_itself_from_its_first_commit(log):
    log.append([entry(1)])
    assert b"git log orch-state" in log.read("README.md")
    assert b'"format": 1' in log.read("FORMAT.json")
    (root,) = next(iter(log.entries())).parents
    assert log.read("README.md", at=root) == log.read("README.md")


def test_another_log_on_the_same_place_reads_and_continues(log, open_log):
    log.append([entry(1), entry(2)])
    second = open_log()
    second.append([entry(3)])
    assert [one.seq for one in second.entries()] == [1, 2, 3]
    second.close()


def test_a_log_that_was_open_before_reads_what_another_one_appended(log, open_log):
    writer = open_log()
    for seq in range(1, 6):
        writer.append([entry(seq)])
        assert log.read(f"runs/R1/tasks/T{seq}.json") == b'{"seq": %d}\n' % seq
    assert len(events(log)) == 5
    writer.close()


def test_files_are_replaced_and_deleted_and_earlier_ones_stay_readable(log):
    first = log.append([entry(1, files={"runs/R1/run.json": b"old", "runs/R1/tasks/T1.json": b"task"})])
    log.append([entry(2, files={"runs/R1/run.json": b"new", "runs/R1/tasks/T1.json": None})])
    assert log.read("runs/R1/run.json") == b"new"
    assert log.read("runs/R1/tasks/T1.json") is None
    assert log.read("runs/R1/run.json", at=first) == b"old"
    assert log.read("runs/R1/tasks/T1.json", at=first) == b"task"


def test_a_folder_is_not_a_file_and_a_path_through_a_file_leads_nowhere(log):
    log.append([entry(1)])
    assert log.read("runs/R1") is None
    assert log.read("README.md/below") is None
    assert list(log.files(under="README.md")) == []


def test_an_entry_may_change_no_file(log):
    log.append([entry(1), entry(2, files={})])
    first, second = log.entries()
    assert first.tree == second.tree
    assert first.commit != second.commit


def test_deleting_a_folder_takes_everything_in_it(log):
    files = {"runs/R1/run.json": b"1", "runs/R1/tasks/1/T12.json": b"12", "runs/R2/run.json": b"2"}
    log.append([entry(1, files=files)])
    log.append([entry(2, files={"runs/R1": None, "archive/R1.json": b"all"})])
    assert dict(log.files(under="runs")) == {"runs/R2/run.json": b"2"}
    assert log.read("archive/R1.json") == b"all"
    log.append([entry(3, files={"runs": None})])
    assert list(log.files(under="runs")) == []


def test_what_is_put_after_its_folder_was_deleted_stays(log):
    log.append([entry(1, files={"runs/R1/run.json": b"old", "runs/R1/tasks/T1.json": b"old"})])
    log.append([entry(2, files={"runs/R1": None, "runs/R1/run.json": b"new"})])
    assert dict(log.files(under="runs")) == {"runs/R1/run.json": b"new"}


def test_deleting_what_is_not_there_changes_nothing(log):
    log.append([entry(1), entry(2, files={"runs/R9/run.json": None})])
    first, second = log.entries()
    assert first.tree == second.tree


def test_files_come_with_their_paths_but_logs_only_on_request(log):
    files = {
        "runs/R1/run.json": b"run",
        "runs/R1/tasks/T1.json": b"task",
        "runs/R1/logs/T1/a1/1.jsonl": b"said",
        "runs/R2/run.json": b"other",
    }
    log.append([entry(1, files=files)])
    entities = {path: content for path, content in files.items() if "logs" not in path}
    assert dict(log.files(under="runs")) == entities
    assert dict(log.files(suffix=".json")) == entities | {"FORMAT.json": log.read("FORMAT.json")}
    assert dict(log.files(under="runs/R2")) == {"runs/R2/run.json": b"other"}
    assert dict(log.files(under="runs/R1/logs/T1")) == {"runs/R1/logs/T1/a1/1.jsonl": b"said"}
    assert list(log.files(under="runs/R3")) == []


def test_files_can_be_read_as_they_were(log):
    first = log.append([entry(1)])
    log.append([entry(2)])
    assert dict(log.files(at=first, under="runs")) == {"runs/R1/tasks/T1.json": b'{"seq": 1}\n'}


def test_entries_can_be_read_from_one_commit_to_another(log):
    log.append([entry(seq) for seq in range(1, 6)])
    commits = [one.commit for one in log.entries()]
    assert [one.seq for one in log.entries(after=commits[1])] == [3, 4, 5]
    assert [one.seq for one in log.entries(after=commits[0], until=commits[2])] == [2, 3]
    assert [one.seq for one in log.entries(until=commits[1])] == [1, 2]
    assert list(log.entries(after=commits[4])) == []


@pytest.mark.parametrize("unknown", ["1" * 40, "not a commit"])
def test_a_commit_that_is_not_in_the_log_is_named(log, unknown):
    log.append([entry(1)])
    with pytest.raises(BrokenLog, match=unknown):
        list(log.entries(after=unknown))
    with pytest.raises(BrokenLog, match=unknown):
        list(log.entries(until=unknown))
    with pytest.raises(BrokenLog, match=unknown):
        log.read("README.md", at=unknown)


def test_of_two_writers_the_later_is_refused_and_nothing_is_lost(log, open_log):
    log.append([entry(1)])
    other = open_log()
    winner = other.append([entry(2, subject="the winner")])
    with pytest.raises(LogMovedOn, match=winner):
        log.append([entry(2, subject="the loser")])
    with pytest.raises(LogMovedOn):
        log.append([entry(2)])
    again = open_log()
    again.append([entry(3)])
    assert [one.subject for one in again.entries()][1] == "the winner"
    assert len(events(again)) == 3
    for opened in (other, again):
        opened.close()


@pytest.mark.parametrize("new_place", ["git", "memory"], indirect=True)
def test_of_two_writers_of_the_first_entry_one_is_refused(open_log):
    first, second = open_log(), open_log()
    tip = first.append([entry(1)])
    with pytest.raises(LogMovedOn):
        second.append([entry(1, subject="too late")])
    assert second.tip() == tip
    for opened in (first, second):
        opened.close()


def append_when_possible(open_log: Callable[[], Log], subjects: list[str]) -> None:
    """Append an entry for each subject, after whatever others append meanwhile."""
    log, left = open_log(), list(subjects)
    while left:
        seq = log.read("seq") or b"0"
        try:
            log.append([entry(int(seq) + 1, subject=left[0], files={"seq": b"%d" % (int(seq) + 1)})])
            left.pop(0)
        except (LogMovedOn, ValueError):
            log.close()
            log = open_log()
    log.close()


def test_writers_at_the_same_instant_lose_nothing(log, open_log):
    subjects = [[f"entry {number} of writer {writer}" for number in range(8)] for writer in range(4)]
    with ThreadPoolExecutor() as pool:
        for ended in [pool.submit(append_when_possible, open_log, mine) for mine in subjects]:
            ended.result(timeout=60)
    assert sorted(one.subject for one in log.entries()) == sorted(itertools.chain(*subjects))


IMPOSSIBLE = {
    "a gap": entry(3),
    "a repetition": entry(1),
    "two lines": entry(2, event="two\nlines"),
    "not ASCII": entry(2, event="caf" + chr(0xE9)),
    "no event": entry(2, event=""),
    "a second event": entry(2, trailers=(("Orch-Event", "{}"),)),
    "a second number": entry(2, trailers=(("orch-seq", "7"),)),
    "no key": entry(2, trailers=(("no key", "x"),)),
    "before 1970": entry(2, at_ms=-2000),
    "a way up": entry(2, files={"runs/../x": b""}),
    "absolute": entry(2, files={"/absolute": b""}),
    "git's own": entry(2, files={"runs/.git/config": b""}),
    "an empty part": entry(2, files={"runs//x": b""}),
    "an empty path": entry(2, files={"": b""}),
    "a folder": entry(2, files={"runs/R1": b""}),
    "below a file": entry(2, files={"README.md/x": b""}),
}


@pytest.mark.parametrize("refused", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_entry_is_refused_with_its_group_and_the_log_goes_on(log, refused):
    tip = log.append([entry(1)])
    possible = [] if refused.seq != 2 else [entry(2)]
    late = msgspec.structs.replace(refused, seq=3) if possible else refused
    with pytest.raises(ValueError, match=r".{20}"):
        log.append([*possible, late])
    assert log.tip() == tip
    log.append([entry(2)])
    assert [one.seq for one in log.entries()] == [1, 2]


def test_an_empty_group_is_refused(log):
    with pytest.raises(ValueError, match="nothing"):
        log.append([])


LINE_SEPARATOR, LONE_SURROGATE, DELETE = chr(0x2028), chr(0xD800), chr(0x7F)
HOSTILE = [
    "Orch-Event: {}",
    "a\n\nOrch-Event: {}",
    f"a{LINE_SEPARATOR}Orch-Event: {{}}",
    "x <y> z",
    chr(0),
    LONE_SURROGATE,
    "\r\n",
    "---",
    "# x",
    "a\n \n",
]
ANY_TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(HOSTILE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(subject=ANY_TEXT, author=ANY_TEXT, email=ANY_TEXT, value=ANY_TEXT)
def test_whatever_people_write_the_event_reads_back_exactly_once(new_place, subject, author, email, value):
    log = new_place()()
    said = {"subject": subject, "author": author, "author_email": email}
    hostile = entry(1, **said, trailers=(("Orch-Actor", value),), event=f'{{"a":"{DELETE}"}}')
    log.append([hostile, entry(2)])
    stored, after = log.entries()
    assert stored.event == hostile.event
    assert after.event == entry(2).event
    assert [key for key, _ in stored.trailers] == ["Orch-Actor"]
    for line in (stored.subject, stored.author, stored.trailers[0][1]):
        assert line
        assert line.split() == line.split(" ")
    assert len(stored.subject) <= 100
    assert not set("<>") & set(stored.author)
    log.close()


PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a-b", "T1", "T10", "logs"]), min_size=1, max_size=3).map("/".join)
CHANGES = st.dictionaries(PATHS, st.none() | st.binary(max_size=200), max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(groups=st.lists(st.lists(CHANGES, min_size=1, max_size=3), max_size=4))
def test_the_files_are_what_the_changes_add_up_to(new_place, groups):
    log = new_place()()
    expected: dict[str, bytes] = {}
    seq = 0
    for group in groups:
        entries = []
        for changes in group:
            fitting = {}
            for path, content in changes.items():
                if content is None:
                    expected = {
                        kept: content for kept, content in expected.items() if not f"{kept}/".startswith(f"{path}/")
                    }
                elif any(
                    f"{path}/".startswith(f"{other}/") != f"{other}/".startswith(f"{path}/") for other in expected
                ):
                    continue
                else:
                    expected[path] = content
                fitting[f"files/{path}"] = content
            seq += 1
            entries.append(entry(seq, files=fitting))
        log.append(entries)
        in_logs = [path for path in expected if "logs" in path.split("/")[:-1]]
        found = {path.removeprefix("files/"): content for path, content in log.files(under="files")}
        assert found == {path: content for path, content in expected.items() if path not in in_logs}
        assert all(log.read(f"files/{path}") == expected[path] for path in in_logs)
    log.close()


def test_the_twin_in_memory_makes_the_same_commits_as_git(tmp_path):
    in_git, in_memory = GitLog.open(new_repository(tmp_path)), MemoryLog()
    for seq in range(1, 40, 3):
        gone = entry(seq + 2, files={f"runs/R1/tasks/T{seq}.json": None})
        group = [entry(seq), entry(seq + 1, subject="<x>\n"), gone]
        assert in_git.append(group) == in_memory.append(group)
    in_git.close()


def test_a_new_epoch_goes_on_where_the_last_one_ended(log):
    log.append([entry(1), entry(2)])
    log.begin_epoch()
    end = log.tip()
    log.append([entry(3), entry(4)])
    log.append([entry(5)])
    assert [one.seq for one in log.entries()] == [1, 2, 3, 4, 5]
    assert [one.seq for one in log.entries(after=end)] == [3, 4, 5]
    assert log.read("runs/R1/tasks/T1.json") == b'{"seq": 1}\n'
    assert log.last().seq == 5


def test_an_epoch_begins_with_an_entry_and_never_stands_alone(log):
    log.begin_epoch()
    log.append([entry(1)])
    log.begin_epoch()
    with pytest.raises(ValueError, match="entry 3"):
        log.append([entry(3)])
    assert [one.seq for one in log.entries()] == [1]
    log.append([entry(2)])
    (root,) = list(log.entries())[1].parents
    assert root != next(iter(log.entries())).commit


def test_events_come_newest_first_back_to_the_beginning_of_their_epoch(log):
    assert list(log.events()) == []
    log.append([entry(1), entry(2)])
    log.begin_epoch()
    log.append([entry(3), entry(4)])
    assert list(log.events()) == [(one.commit, one.event) for one in reversed(list(log.entries())[2:])]


def test_another_log_reads_and_continues_a_later_epoch(log, open_log):
    for seq in range(1, 5):
        log.append([entry(seq)])
        log.begin_epoch()
    second = open_log()
    second.append([entry(5)])
    assert [one.seq for one in second.entries()] == [1, 2, 3, 4, 5]
    second.close()
