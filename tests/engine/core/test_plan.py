"""Plans and dependency graphs: faults are named, cycles are found, as a naive oracle finds them."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import commands as c
from engine.core import limits, plan
from engine.core.entities import Criterion
from engine.core.ids import TaskId
from engine.core.plan import PlannedTask
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import begin, direct, planned, planned_run, start_run

NAMES = [f"n{i}" for i in range(7)]
graphs = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4).map(tuple), max_size=len(NAMES)
)


def _refusal(*tasks: PlannedTask) -> str:
    driver = CoreDriver()
    start_run(driver)
    direct(driver, "money")
    begin(driver, "T2")
    return driver.refusal(c.AcceptPlan(TaskId("T2"), 1, tasks))


def test_a_plan_without_tasks_is_refused():
    assert _refusal() == "the plan can't be taken over: the plan has no task; it needs at least one"


def test_a_plan_of_too_many_tasks_is_refused():
    most = limits.MAX_TASKS_PER_PLAN
    tasks = [planned(f"k{i}") for i in range(most + 1)]
    assert f"the plan has {most + 1} tasks; {most} are possible" in _refusal(*tasks)
    assert len(planned_run(*tasks[1:]).board.tasks) == most + 2


def test_a_key_used_twice_is_refused():
    assert "the key 'a' is used twice" in _refusal(planned("a", title="One"), planned("a", title="Two"))


def test_a_title_is_refused_when_it_is_missing_repeated_or_taken():
    assert "task 'a' has no title" in _refusal(planned("a", title="  "))
    assert "task 'b' has the title of a ('fix  IT')" in _refusal(
        planned("a", title="Fix it"), planned("b", title="fix  IT")
    )
    assert "task 'a' has the title of T2 ('plan money')" in _refusal(planned("a", title="plan money"))


def test_the_title_of_an_abandoned_task_may_be_used_again():
    driver = planned_run(planned("a"))
    driver.must(c.AbandonTask(TaskId("T3")))
    assert plan.faults(driver.board.run_tasks(driver.run().id), [planned("a")]) == []


def test_unknown_and_abandoned_dependencies_are_refused():
    assert "task 'a' depends on 'T9', which is no key of this plan and no task of this run" in _refusal(
        planned("a", "T9")
    )
    driver = planned_run(planned("a"), planned("b"))
    driver.must(c.AbandonTask(TaskId("T3")))
    tasks = driver.board.run_tasks(driver.run().id)
    assert plan.faults(tasks, [planned("c", "T3")]) == ["task 'c' depends on T3, which is abandoned"]
    assert plan.faults(tasks, [planned("c", "T4")]) == []


def test_a_task_of_another_run_is_no_dependency():
    driver = planned_run(planned("a"))
    start_run(driver, "Another objective")
    direct(driver, "dates", task="T4")
    begin(driver, "T5")
    reason = driver.refusal(c.AcceptPlan(TaskId("T5"), 1, (planned("b", "T3"),)))
    assert "depends on 'T3', which is no key of this plan and no task of this run" in reason


def test_a_deliverable_without_a_check_is_refused():
    for role in ("coder", "tester"):
        found = _refusal(planned("a", role=role, criteria=(Criterion("it is nice"),)))
        assert "task 'a' has no check: give at least one criterion a command that exits 0 when it is met" in found


def test_a_plan_may_not_give_the_roles_that_judge_it():
    for role in ("director", "strategist"):
        assert f"has the role {role}, which a plan can't give" in _refusal(planned("a", role=role))


def test_every_fault_of_a_plan_is_told_at_once():
    found = _refusal(planned("a", "a", "zz", criteria=()), planned("b", "c"), planned("c", "b"))
    for fault in ("'a' depends on itself", "depends on 'zz'", "'a' has no check", "a cycle: b -> c -> b"):
        assert fault in found


@pytest.mark.parametrize(
    ("edges", "named"),
    [
        ({"a": "a"}, "task 'a' depends on itself"),
        ({"a": "b", "b": "a"}, "the dependencies form a cycle: a -> b -> a"),
        ({"a": "b", "b": "c", "c": "a"}, "the dependencies form a cycle: a -> b -> c -> a"),
        ({f"k{i}": f"k{(i + 1) % 60}" for i in range(60)}, "k58 -> k59 -> k0"),
        ({"a": "b", "b": "a", "c": "d", "d": "c"}, "a -> b -> a; the dependencies form a cycle: c -> d -> c"),
    ],
    ids=["self", "two", "three", "long", "several"],
)
def test_a_cycle_is_refused_and_named(edges: Mapping[str, str], named: str):
    assert named in _refusal(*(planned(key, after) for key, after in edges.items()))


def test_a_self_dependency_is_told_once():
    assert _refusal(planned("a", "a")) == "the plan can't be taken over: task 'a' depends on itself"


def test_a_chain_and_a_diamond_are_no_cycles():
    chain = {f"k{i}": (f"k{i + 1}",) for i in range(5_000)}
    assert plan.cycles(chain) == []
    assert plan.cycles({"d": ("b", "c"), "b": ("a",), "c": ("a",), "a": ()}) == []


def test_a_cycle_of_thousands_is_found():
    ring = {f"k{i}": (f"k{(i + 1) % 5_000}",) for i in range(5_000)}
    assert [len(cycle) for cycle in plan.cycles(ring)] == [5_001]


def _reaches(edges: Mapping[str, tuple[str, ...]], start: str) -> set[str]:
    seen: set[str] = set()
    frontier = set(edges.get(start, ()))
    while frontier - seen:
        seen |= frontier
        frontier = {after for name in frontier for after in edges.get(name, ())}
    return seen


@given(graphs)
def test_cycles_are_found_where_something_reaches_itself(edges: dict[str, tuple[str, ...]]):
    found = plan.cycles(edges)
    on_a_cycle = {name for name in NAMES if name in _reaches(edges, name)}
    assert bool(found) == bool(on_a_cycle)
    for cycle in found:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(after in edges[before] for before, after in pairwise(cycle))
    # Each set of names that reach one another is represented by a cycle of its own.
    for name in on_a_cycle:
        together = {other for other in _reaches(edges, name) if name in _reaches(edges, other)}
        assert any(set(cycle) <= together for cycle in found)


@settings(max_examples=80)
@given(
    st.lists(st.lists(st.integers(0, 5), max_size=3), min_size=6, max_size=6),
    st.integers(0, 5),
    st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True),
)
def test_a_link_is_refused_exactly_when_it_would_close_a_cycle(shape: list[list[int]], task: int, add: list[int]):
    keys = [f"k{i}" for i in range(6)]
    tasks = [planned(key, *{keys[j] for j in shape[i] if j < i}) for i, key in enumerate(keys)]
    driver = planned_run(*tasks)
    ids = [TaskId(f"T{i + 3}") for i in range(6)]
    edges = {str(t.id): tuple(map(str, t.depends_on)) for t in driver.board.run_tasks(driver.run().id)}
    wanted = (*edges[ids[task]], *(ids[j] for j in add))
    edges[ids[task]] = tuple(map(str, wanted))
    cycle = plan.cycle_closed_by(driver.board, ids[task], [TaskId(name) for name in wanted])
    assert (cycle is not None) == (ids[task] in _reaches(edges, ids[task]))
    if cycle is not None:
        assert cycle[0] == cycle[-1] == ids[task]
        assert all(after in edges[before] for before, after in pairwise(cycle))


def test_what_a_planned_task_waits_for_is_told():
    driver = planned_run(planned("a"), planned("b", "a"))
    assert plan.blockers(driver.board, driver.task("T4")) == ["T3"]
    assert plan.blockers(driver.board, driver.task("T3")) == []
