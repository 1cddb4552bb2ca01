"""Which function carries out which command of bot/grammar.py; a test holds the two tables to each other."""

from typing import Final

from bot.call import Handler
from bot.handlers import bindings, decide, logs, reading, runs, tasks

HANDLERS: Final[dict[str, Handler]] = {
    "start": runs.start,
    "status": reading.status,
    "list": reading.list_runs,
    "show": reading.show,
    "graph": reading.graph,
    "logs": logs.logs,
    "pause": runs.pause,
    "resume": runs.resume,
    "cancel": runs.cancel,
    "restart": runs.restart,
    "replan": runs.replan,
    "retry": tasks.retry,
    "abandon": tasks.abandon,
    "spawn": tasks.spawn,
    "link": tasks.link,
    "unlink": tasks.unlink,
    "bind": bindings.bind,
    "unbind": bindings.unbind,
    "interrupt": tasks.interrupt,
    "ask": logs.ask,
    "budget": runs.budget,
    "config": reading.config,
    "history": logs.history,
    "why": reading.why,
    "help": reading.help_page,
    "decide": decide.decide,
    "home": reading.home,
}
