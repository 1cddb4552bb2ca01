"""How a run's end is told, in lines that any surface can show."""

from bot.cards import FinalSummary
from bot.replies.words import listed
from bot.text import one_line, shorten


def summary_lines(summary: FinalSummary) -> list[str]:
    """The outcome, each landing, what was given up, what it cost, and how to read the story."""
    lines = [one_line(summary.sentence)]
    for landed in summary.landed:
        tries = f" (attempt {landed.attempts})" if landed.attempts > 1 else ""
        lines.append(f"  {landed.commit[:8]} {landed.task} {shorten(one_line(landed.title), 80)}{tries}")
    if summary.abandoned:
        lines.append(f"  abandoned: {listed(summary.abandoned, most=8)}")
    if summary.spent:
        lines.append(f"  spent: {summary.spent}")
    return lines + [f"  {hint}" for hint in summary.hints]
