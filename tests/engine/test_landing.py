"""Landing: a receipt only for a merged tree that is green, a move that happens once, and nothing lost on the way."""

import asyncio

import msgspec
import pytest

from engine.core.entities import Criterion, GateSpec
from engine.gauge import Gauge
from engine.landing import LocalLander
from engine.options import Options
from engine.site import Sites
from engine.store.memory import MemoryLog
from engine.work import Failed, Moved, Overtaken, Proven
from engine.workspace.repository import Repository
from tests.engine.jobs import TESTS, job_at, shown_red
from tests.engine.workspace.target import commit, git

CHECK = Criterion("add adds", "python3 -m unittest -q test_calc.Calc.test_add")

REPORTING = GateSpec(
    "tests", 'echo \'<testsuite><testcase classname="a" name="b"/></testsuite>\' > r.xml', junit="r.xml"
)


def lander_on(sites: Sites, **options: str) -> LocalLander:
    return LocalLander(sites, Gauge(sites, Options("m", **options)), MemoryLog(), redact=str)  # type: ignore[arg-type]  # texts alone


def mended(calc: Repository, text: str = "a + b") -> tuple[str, str]:
    """The base, and a commit on it that changes add; main stays where it is."""
    base = calc.branch_tip("main")
    git(calc.path, "switch", "-q", "-c", "work")
    work = commit(calc.path, {"calc.py": calc_with(text)})
    git(calc.path, "switch", "-q", "main")
    return base, work


def calc_with(text: str) -> str:
    return f"def add(a, b):\n    return {text}\n\n\ndef mul(a, b):\n    return a * b\n"


def proven(found: Proven | Failed) -> Proven:
    assert isinstance(found, Proven), found
    return found


def failed(found: Proven | Failed) -> Failed:
    assert isinstance(found, Failed)
    return found


def test_the_receipt_names_tip_tree_checks_and_gates_of_the_merged_commit(calc: Repository, sites: Sites):
    base, work = mended(calc)
    receipt = proven(asyncio.run(lander_on(sites).prove(job_at(base, CHECK), work))).receipt
    assert (receipt.tip, receipt.work, receipt.branch) == (base, work, "main")
    assert receipt.tree == calc.tree_of(receipt.commit) == calc.tree_of(work)
    assert calc.parents(receipt.commit) == (base, work)
    assert [(proof.run, proof.exit_code) for proof in (*receipt.checks, *receipt.gates)] == [
        (CHECK.check, 0), (TESTS.run, 0),
    ]  # fmt: skip
    assert calc.branch_tip("main") == base


def test_the_receipt_names_each_tests_outcome_by_its_file(calc: Repository, sites: Sites):
    base, work = mended(calc)
    found = proven(asyncio.run(lander_on(sites).prove(job_at(base, CHECK, gates=(REPORTING,)), work)))
    kept = found.receipt.evidence[-1].path
    assert kept == "runs/R1/logs/T3/a1/landing-tests.json"
    assert b'"a::b": "passed"' in found.evidence.files[kept]


def test_moving_twice_is_moving_once(calc: Repository, sites: Sites):
    base, work = mended(calc)

    async def story() -> None:
        lander = lander_on(sites)
        receipt = proven(await lander.prove(job_at(base, CHECK), work)).receipt
        assert await lander.move(receipt) == Moved()
        after = commit(calc.path, {"more.txt": "by somebody else"})
        assert await lander.move(receipt) == Moved()
        assert calc.branch_tip("main") == after

    asyncio.run(story())


def test_a_target_that_was_rewound_after_the_proof_is_proven_again(calc: Repository, sites: Sites):
    commit(calc.path, {"more.txt": "soon undone"})
    base, work = mended(calc)

    async def story() -> None:
        lander = lander_on(sites)
        receipt = proven(await lander.prove(job_at(base, CHECK), work)).receipt
        git(calc.path, "reset", "-q", "--hard", "HEAD~1")
        assert await lander.move(receipt) == Overtaken()

    asyncio.run(story())


def test_a_proven_merge_outlives_a_prune_and_lands(calc: Repository, sites: Sites):
    base, work = mended(calc)
    commit(calc.path, {"other.txt": "landed meanwhile\n"})
    git(calc.path, "branch", "-D", "work")
    calc.set_branch("orch/R1/T3/a1", work)

    async def story() -> None:
        lander = lander_on(sites)
        receipt = proven(await lander.prove(job_at(base, CHECK), work)).receipt
        sites._pool.close()
        git(calc.path, "gc", "--quiet", "--prune=now")
        assert await lander.move(receipt) == Moved()

    asyncio.run(story())
    git(calc.path, "fsck", "--strict")


def test_a_merge_commit_that_git_took_away_has_not_landed(calc: Repository, sites: Sites):
    base, work = mended(calc)

    async def story() -> None:
        lander = lander_on(sites)
        receipt = proven(await lander.prove(job_at(base, CHECK), work)).receipt
        assert await lander.move(msgspec.structs.replace(receipt, commit="d" * 40)) == Overtaken()

    asyncio.run(story())


def test_a_conflict_names_its_files(calc: Repository, sites: Sites):
    base, work = mended(calc)
    commit(calc.path, {"calc.py": calc_with("b + a")})
    found = failed(asyncio.run(lander_on(sites).prove(job_at(base, CHECK), work)))
    assert found.failure == "conflict"
    assert "calc.py" in found.detail


def test_a_check_that_is_red_on_the_merged_tree_does_not_land_and_its_output_is_kept(calc: Repository, sites: Sites):
    base, work = mended(calc, "a")
    found = failed(asyncio.run(lander_on(sites).prove(job_at(base, CHECK), work)))
    assert found.failure == "merged_red"
    assert [ref.path for ref in found.evidence.refs] == ["runs/R1/logs/T3/a1/landing.txt"]


def test_tests_that_were_handed_over_land_with_their_checks_and_their_commit_or_not_at_all(
    calc: Repository, sites: Sites
):
    base, work = mended(calc)
    tests = calc.branch_tip("work")
    found = failed(asyncio.run(lander_on(sites).prove(shown_red(job_at(base, CHECK), base, tests), work)))
    assert (found.failure, "test -e proof.txt" in found.detail) == ("merged_red", True)
    other = commit(calc.path, {"calc.py": calc_with("b + a")})
    lost = failed(asyncio.run(lander_on(sites).prove(shown_red(job_at(base), base, tests), other)))
    assert (lost.failure, lost.is_final) == ("interrupted", False)
    assert lost.detail.startswith("T3 came to depend on T2 after this work was begun")


def test_a_gate_that_turns_red_does_not_land(calc: Repository, sites: Sites):
    base, work = mended(calc)
    gate = GateSpec("old way", "grep -q 'a - b' calc.py")
    found = failed(asyncio.run(lander_on(sites).prove(job_at(base, CHECK, gates=(gate,)), work)))
    assert "old way: was green" in found.detail


@pytest.mark.parametrize("broken", ["exit 127", "kill -9 $$"], ids=["cannot start", "killed"])
def test_a_gate_that_showed_nothing_on_the_tip_and_is_red_now_does_not_land(
    calc: Repository, sites: Sites, broken: str
):
    base, work = mended(calc)
    gate = GateSpec("tests", f"grep -q 'a - b' calc.py && {{ {broken}; }}; exit 1")
    found = failed(asyncio.run(lander_on(sites).prove(job_at(base, CHECK, gates=(gate,)), work)))
    assert found.failure == "lost"
    assert "tests: whether it was green before is not known" in found.detail
    assert calc.branch_tip("main") == base


def test_a_gate_that_showed_nothing_on_the_tip_and_is_green_now_lands(calc: Repository, sites: Sites):
    base, work = mended(calc)
    gate = GateSpec("tests", "grep -q 'a - b' calc.py && kill -9 $$; exit 0")
    proven(asyncio.run(lander_on(sites).prove(job_at(base, CHECK, gates=(gate,)), work)))


def test_a_branch_that_is_gone_and_work_that_is_gone_are_told_apart(calc: Repository, sites: Sites):
    base, work = mended(calc)
    lander = lander_on(sites)
    lost = failed(asyncio.run(lander.prove(job_at(base, CHECK), "d" * 40)))
    assert (lost.failure, lost.is_final) == ("lost", False)
    git(calc.path, "switch", "-q", "work")
    git(calc.path, "branch", "-D", "main")
    gone = failed(asyncio.run(lander.prove(job_at(base, CHECK), work)))
    assert (gone.failure, gone.is_final) == ("lost", True)
    assert "main" in gone.detail


def test_the_last_look_names_what_is_red(calc: Repository, sites: Sites):
    found = asyncio.run(lander_on(sites).final(job_at(calc.branch_tip("main")).run))
    assert [gate.exit_code for gate in found.gates] == [1]
    assert "test_add" in found.detail
