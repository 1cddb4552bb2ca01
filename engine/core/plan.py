"""Plans as data: what a plan may add, what a task waits for, which dependencies would close a cycle. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine.core import limits
from engine.core.blackboard import Blackboard
from engine.core.entities import COMMITTERS, Criterion, RoleName, Task, TaskState
from engine.core.ids import TaskId, number


class PlannedTask(msgspec.Struct, frozen=True):
    """A task as a planner writes it; `key` and `depends_on` are names within the plan, or ids of existing tasks."""

    key: str
    title: str
    role: RoleName
    description: str = ""
    criteria: tuple[Criterion, ...] = ()
    depends_on: tuple[str, ...] = ()
    priority: int = 5
    needs: tuple[str, ...] = ()
    foundation: bool = False


def faults(existing: Sequence[Task], plan: Sequence[PlannedTask]) -> list[str]:
    """Every reason why the plan can't be taken over, each a sentence for its author; none when it can.

    `existing` are the run's tasks. A plan only adds: its titles must be new, its dependencies known, its graph free of
    cycles, and each deliverable must have at least one check that the engine can run.
    """
    if not plan:
        return ["the plan has no task; it needs at least one"]
    if len(plan) > limits.MAX_TASKS_PER_PLAN:
        return [f"the plan has {len(plan)} tasks; {limits.MAX_TASKS_PER_PLAN} are possible"]
    keys = [task.key for task in plan]
    known = {str(task.id): task.state for task in existing}
    titles = _titles(existing)
    found = [f"the key {key!r} is used twice" for key in sorted({k for k in keys if keys.count(k) > 1})]
    for task in plan:
        found += _faults_of(task, set(keys), known, titles)
        if task.role in {"director", "strategist", "merger", "integrator", "guardian"}:
            found.append(f"task {task.key!r} has the role {task.role}, which a plan can't give")
        titles.setdefault(_norm(task.title), task.key)
    taken = {d for task in plan if task.role == "coder" for d in task.depends_on}
    found += [
        f"task {task.key!r} shows tests red, but no coder's task of this plan depends on it, so they would stay red"
        for task in plan
        if task.role == "test_architect" and task.key not in taken
    ]
    edges = {task.key: tuple(d for d in task.depends_on if d in set(keys)) for task in plan}
    found += [f"the dependencies form a cycle: {' -> '.join(cycle)}" for cycle in cycles(edges) if len(cycle) > 2]
    return found


def faults_of_one(existing: Sequence[Task], task: PlannedTask) -> list[str]:
    """Every reason why the task can't take the place of one that is not among the existing, of whatever role that is."""
    return _faults_of(task, {task.key}, {str(each.id): each.state for each in existing}, _titles(existing))


def _titles(existing: Sequence[Task]) -> dict[str, str]:
    return {_norm(task.title): str(task.id) for task in existing if task.state != "abandoned"}


def _faults_of(
    task: PlannedTask, keys: set[str], known: Mapping[str, TaskState], titles: Mapping[str, str]
) -> list[str]:
    name = f"task {task.key!r}"
    found = []
    if not task.title.strip():
        found.append(f"{name} has no title")
    elif (twin := titles.get(_norm(task.title))) is not None:
        found.append(f"{name} has the title of {twin} ({task.title!r}); a plan adds tasks and never repeats one")
    if task.key in task.depends_on:
        found.append(f"{name} depends on itself")
    found += [
        f"{name} depends on {dependency!r}, which is no key of this plan and no task of this run"
        for dependency in task.depends_on
        if dependency not in keys and dependency not in known
    ]
    found += [
        f"{name} depends on {dependency}, which is abandoned"
        for dependency in task.depends_on
        if dependency not in keys and known.get(dependency) == "abandoned"
    ]
    if task.role in COMMITTERS and not any(criterion.check for criterion in task.criteria):
        found.append(f"{name} has no check: give at least one criterion a command that exits 0 when it is met")
    return found


def _norm(title: str) -> str:
    """The title as it is compared: as far as it is kept."""
    return " ".join(title.strip()[: limits.MAX_TITLE_CHARS].casefold().split())


def cycles(edges: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """The cycles in a dependency graph, each as its names in order with the first repeated at the end.

    One cycle is given for each closing edge that a depth-first walk meets (Tarjan's back edges), so that several
    independent cycles are all named. The walk keeps its own stack: a chain of thousands is no problem.
    """
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for root in edges:
        path: list[str] = []
        place: dict[str, int] = {}
        stack: list[tuple[str, bool]] = [(root, True)]
        while stack:
            name, entering = stack.pop()
            if not entering:
                path.pop()
                del place[name]
                done.add(name)
            elif name in place:
                found.append((*path[place[name] :], name))
            elif name not in done:
                place[name] = len(path)
                path.append(name)
                stack.append((name, False))
                stack.extend((after, True) for after in edges.get(name, ()))
    return found


def cycle_closed_by(board: Blackboard, task: TaskId, depends_on: Iterable[TaskId]) -> tuple[str, ...] | None:
    """The cycle that these dependencies of the task would close, None when there is none."""
    parents: dict[TaskId, TaskId] = {}
    stack = [(task, dependency) for dependency in depends_on]
    while stack:
        parent, name = stack.pop()
        if name == task:
            trail: list[str] = [task]
            while parent != task:
                trail.append(parent)
                parent = parents[parent]
            return (task, *reversed(trail[1:]), task)
        if name not in parents and name in board.tasks:
            parents[name] = parent
            stack.extend((name, after) for after in board.tasks[name].depends_on)
    return None


def is_met(board: Blackboard, dependency: TaskId) -> bool:
    """Whether nobody waits for it any more: it is complete, or its tests are shown red and wait for the code."""
    task = board.tasks[dependency]
    return task.state == "complete" or task.is_shown_red


def is_ready(board: Blackboard, task: Task) -> bool:
    """Whether every direct dependency is met."""
    return not blockers(board, task)


def handed(board: Blackboard, task: Task) -> list[Task]:
    """The tasks whose tests, shown red, this one takes over."""
    return [board.tasks[name] for name in task.depends_on if board.tasks[name].is_shown_red]


def held_to(task: Task | PlannedTask, tests: Iterable[Task | PlannedTask]) -> tuple[Criterion, ...]:
    """What the task's work has to meet: its own criteria, and the checks of the tests that it turns green."""
    if task.role == "test_architect":
        return task.criteria
    found = list(task.criteria)
    for criterion in (criterion for each in tests for criterion in each.criteria if criterion.check):
        if criterion.check not in {known.check for known in found}:
            found.append(criterion)
    return tuple(found)


def handed_to(board: Blackboard, task: Task) -> list[TaskId]:
    """The unfinished tasks that take over the tests which this one has shown red."""
    after = board.dependents_of.get(task.id, ()) if task.is_shown_red else ()
    return [name for name in after if board.tasks[name].state not in {"complete", "abandoned"}]


def blockers(board: Blackboard, task: Task) -> list[TaskId]:
    """The direct dependencies that are not met."""
    return [dependency for dependency in task.depends_on if not is_met(board, dependency)]


def dependents(board: Blackboard, task: TaskId) -> list[TaskId]:
    """The unfinished tasks that wait for this one, directly or through others, in a stable order."""
    seen: dict[TaskId, None] = {}
    stack = [task]
    while stack:
        for after in board.dependents_of.get(stack.pop(), ()):
            if after not in seen and board.tasks[after].state not in {"complete", "abandoned"}:
                seen[after] = None
                stack.append(after)
    return sorted(seen, key=number)
