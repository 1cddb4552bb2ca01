"""The same work done by others: LangGraph with its SQLite saver, and asyncio with nothing durable at all."""

import asyncio
import operator
import time
from pathlib import Path
from typing import Annotated, TypedDict

WIDTH = 40


async def _nothing() -> None:
    return None


def asyncio_ms_per_task(tasks: int) -> float:
    """Milliseconds a task for a layered graph of coroutines, nothing stored."""

    async def main() -> float:
        done = [asyncio.Event() for _ in range(tasks)]

        async def one(place: int) -> None:
            if place >= WIDTH:
                await done[place - WIDTH].wait()
            await _nothing()
            done[place].set()

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            started = [group.create_task(one(place)) for place in range(tasks)]
        assert all(task.done() for task in started)
        return (time.perf_counter() - began) / tasks * 1000

    return asyncio.run(main())


class _State(TypedDict):
    done: Annotated[list[int], operator.add]


def langgraph_ms_per_task(tasks: int, folder: Path) -> float | None:
    """Milliseconds a task for the same graph in LangGraph with a checkpoint a superstep; None when it is not installed."""
    try:
        from langgraph.checkpoint.sqlite import SqliteSaver
        from langgraph.graph import END, START, StateGraph
    except ImportError:
        return None
    graph = StateGraph(_State)
    for place in range(tasks):
        graph.add_node(f"n{place}", lambda state, place=place: {"done": [place]})
        graph.add_edge(START if place < WIDTH else f"n{place - WIDTH}", f"n{place}")
        if place >= tasks - WIDTH:
            graph.add_edge(f"n{place}", END)
    with SqliteSaver.from_conn_string(str(folder / "langgraph.sqlite")) as saver:
        compiled = graph.compile(checkpointer=saver)
        began = time.perf_counter()
        config = {"configurable": {"thread_id": "1"}, "recursion_limit": tasks + 10}
        result = compiled.invoke({"done": []}, config)
        seconds = time.perf_counter() - began
    assert len(result["done"]) == tasks
    return round(seconds / tasks * 1000, 3)
