"""Brings the state branch here and at a remote together, from the command line, whether or not an engine runs."""

from contextlib import closing
from pathlib import Path

from adapters.cli import output
from adapters.cli.errors import refuse
from adapters.cli.folder import root_of
from adapters.wiring import read_log, read_settings
from bot.replies import sync as say
from engine.clock import SystemClock
from engine.recovery import load_board, refuse_broken, refuse_unknown, renamed_branches
from engine.store.entry import StoredEntry
from engine.store.errors import BrokenLog, EngineRunning
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.sync import HistoriesDiffer, Place, Relation, Sync, SyncFailed
from engine.union import United, unite
from engine.workspace.repository import Repository


def sync(repo: Path, remote: str | None, quiet: bool, as_json: bool) -> None:
    """Take over what is new there, push what is new here, and say what was done.

    Raises: SyncFailed, HistoriesDiffer; BadInput.
    """
    root = root_of(repo)
    place = _place(root, remote, quiet)
    repository = Repository.open(root, on_a_branch=False)
    both = Sync(repository, place)
    united = None
    try:
        with EngineLock(root, since_ms=SystemClock().now_ms()):
            _publish_leftovers(root)
            theirs = both.fetch()
            relation = both.relation(theirs)
            if relation == "apart" and theirs is not None:
                united = _put_together(repository, both, theirs)
            else:
                _take_over(root, both, relation, theirs)
    except EngineRunning:
        relation = "ahead"
    if relation in ("ahead", "nothing", "apart"):
        both.push()
    _report(root, place, relation, as_json, united)


def clone_state(repo: Path, remote: str | None, quiet: bool, as_json: bool) -> None:
    """Take over what is there, and say how to read it.

    Raises: SyncFailed, EngineRunning; BadInput when there is nothing, or something else is here.
    """
    root = root_of(repo)
    place = _place(root, remote, quiet)
    both = Sync(Repository.open(root, on_a_branch=False), place)
    with EngineLock(root, since_ms=SystemClock().now_ms()):
        _publish_leftovers(root)
        theirs = both.fetch()
        relation = both.relation(theirs)
        _take_over(root, both, relation, theirs)
    if relation == "nothing":
        refuse(say.nothing_there(place.remote, place.ref))
    if relation == "apart":
        raise HistoriesDiffer(say.differ(place.remote))
    _report(root, place, relation, as_json)


def _publish_leftovers(root: Path) -> None:
    """What is compared and pushed is git's: what a killed engine had no time to publish would be left out, and then left behind."""
    with closing(GitLog.open(root)) as log:
        log.clean_leftovers()


def _take_over(root: Path, both: Sync, relation: Relation, theirs: str | None) -> None:
    """Have here what the branch there has, where it goes on from ours."""
    if theirs is not None and relation == "behind":
        with closing(read_log(root)) as log:
            _refuse_broken(root, both, log.last())
        both.take_over(theirs)
    elif relation in ("same", "ahead"):
        both.take_over_epochs()


def _refuse_broken(root: Path, both: Sync, fork: StoredEntry | None) -> None:
    """Return when what was fetched goes on from the fork as an engine writes: what it holds becomes the board of whoever takes it over.

    Raises: SyncFailed with the reason; NewerLog.
    """
    with closing(GitLog.open(root, ref=both.kept)) as log:
        try:
            refuse_broken(log, fork)
        except BrokenLog as error:
            raise SyncFailed(say.broken(both.place.remote, both.kept, str(error))) from error


def _put_together(repository: Repository, both: Sync, theirs: str) -> United:
    """Our events on top of theirs. Until the branch moves, at once, it is what it was."""
    root = repository.path
    with closing(read_log(root)) as log:
        refuse_unknown(log)
        fork = both.fork(theirs)
        _refuse_broken(root, both, log.entry(fork))
        ours = list(log.entries(after=fork))
        with closing(GitLog.open(root, ref=both.begin_union(theirs))) as union:
            united = unite(load_board(union), ours, lambda path, at: log.read(path, at=at), SystemClock().now_ms())
            if united.entries:
                union.append(united.entries)
    moved = renamed_branches(repository, united.names)
    # Work that nobody has reviewed yet is kept alive by its branch alone, so the new name comes before the board that knows it.
    for new, commit in moved.values():
        repository.set_branch(new, commit)
    both.end_union()
    for old in moved:
        repository.delete_branch(old)
    return united


def _place(root: Path, remote: str | None, quiet: bool) -> Place:
    configured = read_settings(root).state_place
    if configured is not None and remote in (None, configured.remote):
        return Place(configured.remote, quiet or configured.is_quiet)
    if remote is not None and (remote.startswith("-") or "/" in remote or ":" in remote):
        refuse(say.no_remote_name(remote[:60]))
    return Place(remote or "origin", quiet)


def _report(root: Path, place: Place, relation: Relation, as_json: bool, united: United | None = None) -> None:
    with closing(read_log(root)) as log:
        last = log.last()
    if as_json:
        facts: dict[str, object] = {
            "remote": place.remote,
            "ref": place.ref,
            "was": relation,
            "events": last.seq if last else 0,
        }
        if united is not None:
            facts |= {"told_again": len(united.entries), "renamed": united.names, "set_aside": united.set_aside}
        output.say_json(facts)
        return
    if united is not None:
        output.say(say.united(place.remote, len(united.entries), united.names, united.set_aside))
    output.say(say.outcome(relation, place.remote, place.ref, last.seq if last else 0))
    if relation == "behind":
        output.say(say.how_to_read())
