"""The table of endpoints: the server and the OpenAPI document are both made from it."""

from adapters.web import about, graphs, interrupts, runs, talk, tasks
from adapters.web.about import HealthView, Models, SessionView, Templates
from adapters.web.calls import Png, Route
from adapters.web.graphs import GraphView
from adapters.web.history import DiffView, TurnPage
from adapters.web.interrupts import Interrupts, Resolved
from adapters.web.payloads import (
    Abandon,
    Act,
    AddTask,
    ChangeRun,
    ChangeTask,
    CreateRun,
    LogPage,
    Look,
    Nothing,
    Page,
    Replan,
    Resolve,
    RetryTask,
    Say,
    ThreadPage,
    WhichAttempt,
    Why,
)
from adapters.web.runs import Beginnings, Costs, DesignLog, Done, Lessons, RunList
from adapters.web.starts import Start, Starts
from adapters.web.talk import Heard, Thread
from adapters.web.views import RunView, TaskView

_NO = {409: "The order does not fit the state; the detail says why and what to do.", 503: "The engine has stopped."}
_LATER = {202: "The gates are still being measured; ask for the start, or wait for the run in the list.", **_NO}
_RUN, _TASK = "/runs/{run}", "/runs/{run}/tasks/{task}"


def routes(starts: Starts) -> tuple[Route, ...]:
    """Every endpoint below /api/v1."""
    begin = Beginnings(starts)
    return (
        Route("GET", "/session", "session", "Who is signed in, and to what", about.session, SessionView, is_fresh=True),
        Route("GET", "/health", "health", "Whether the engine answers", about.health, HealthView, is_fresh=True),
        Route("GET", "/models", "models", "The models in force", about.models, Models, is_fresh=True),
        Route("GET", "/templates", "templates", "Objectives to begin with", about.templates, Templates, is_fresh=True),
        Route("GET", "/runs", "listRuns", "Runs, the newest first", runs.list_runs, RunList, query=Page),
        Route("POST", "/runs", "createRun", "Begin a run", begin.create, Start, body=CreateRun, status=201, others=_LATER, rate="create", role="operator"),
        Route("GET", "/starts/{start}", "showStart", "How a start gets on", begin.show, Start, is_fresh=True),
        Route("GET", _RUN, "showRun", "A run with its tasks and questions", runs.show_run, RunView),
        Route("GET", f"{_RUN}/graph", "showGraph", "Where the run's boxes and arrows go", graphs.show_graph, GraphView),
        Route("GET", f"{_RUN}/picture.png", "showPicture", "The run's graph as an image", graphs.picture, Png, query=Look),
        Route("PATCH", _RUN, "changeRun", "Raise the caps of a run", runs.change, Done, body=ChangeRun, others=_NO, rate="write", role="approver"),
        Route("POST", f"{_RUN}/tasks", "addTask", "One more task", runs.add_task, Done, body=AddTask, others=_NO, rate="write", role="operator"),
        Route("POST", f"{_RUN}/cancel", "cancelRun", "End a run; what landed stays", runs.cancel, Done, body=Why, others=_NO, rate="write", role="operator"),
        Route("POST", f"{_RUN}/pause", "pauseRun", "Start nothing new; attempts under way finish", runs.pause, Done, body=Why, others=_NO, rate="write", role="operator"),
        Route("POST", f"{_RUN}/resume", "resumeRun", "Go on", runs.resume, Done, body=Nothing, others=_NO, rate="write", role="operator"),
        Route("POST", f"{_RUN}/restart", "restartRun", "Begin again what is held up; a run that is over begins anew", begin.restart, Start, body=Nothing, status=201, others=_LATER, rate="create", role="operator"),
        Route("POST", f"{_RUN}/replan", "replanRun", "Plan anew what is still needed", runs.replan, Done, body=Replan, others=_NO, rate="write", role="operator"),
        Route("GET", f"{_RUN}/insights", "listInsights", "What the run's attempts taught", runs.insights, Lessons),
        Route("GET", f"{_RUN}/design-log", "showDesignLog", "What was settled for the run", runs.design, DesignLog),
        Route("GET", f"{_RUN}/cost", "showCost", "What each task has cost", runs.costs, Costs),
        Route("GET", f"{_RUN}/thread", "showThread", "The run's thread, as the bot wrote it and people typed", talk.show_thread, Thread, query=ThreadPage, others=_NO, is_fresh=True),
        Route("POST", f"{_RUN}/say", "say", "Type into the run's thread", talk.say, Heard, body=Say, status=202, others=_NO, rate="write"),
        Route("POST", f"{_RUN}/act", "act", "Click a button of a message, or send a form", talk.act, Heard, body=Act, status=202, others=_NO, rate="write"),
        Route("GET", "/interrupts", "listInterrupts", "What waits for a person, in all runs", interrupts.list_all, Interrupts),
        Route("GET", f"{_RUN}/interrupts", "listRunInterrupts", "What waits for a person in the run", interrupts.list_of_run, Interrupts),
        Route("POST", f"{_RUN}/resolve", "resolve", "Answer a question", interrupts.resolve, Resolved, body=Resolve, others=_NO, rate="write"),
        Route("GET", _TASK, "showTask", "A task with attempts, verdicts and receipt", tasks.show_task, TaskView),
        Route("PATCH", _TASK, "changeTask", "Change what a task waits for", tasks.change_task, TaskView, body=ChangeTask, others=_NO, rate="write", role="operator"),
        Route("DELETE", _TASK, "abandonTask", "Give a task up", tasks.abandon_task, TaskView, query=Abandon, others=_NO, rate="write", role="approver"),
        Route("POST", f"{_TASK}/interrupt", "interruptTask", "Stop a task where it is, and ask", tasks.interrupt_task, TaskView, body=Why, others=_NO, rate="write", role="operator"),
        Route("POST", f"{_TASK}/retry", "retryTask", "Try a task again, with a full set of tries", tasks.retry_task, TaskView, body=RetryTask, others=_NO, rate="write", role="approver"),
        Route("GET", f"{_TASK}/diff", "showDiff", "What an attempt changed", tasks.diff, DiffView, query=WhichAttempt),
        Route("GET", f"{_TASK}/log", "showLog", "An attempt's conversation, page by page", tasks.log, TurnPage, query=LogPage, is_fresh=True),
    )  # fmt: skip
