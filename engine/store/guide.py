"""What the state branch says about itself to a person who finds it: its README.md and FORMAT.json. Holds text alone."""

from typing import Final

FORMAT_NUMBER: Final = 1

FORMAT: Final = f"""\
{{
 "committer": "engine@orch.invalid",
 "event_trailer": "Orch-Event",
 "format": {FORMAT_NUMBER},
 "sequence_trailer": "Orch-Seq",
 "written_by": "orch"
}}
""".encode()

README: Final = b"""\
# orch-state

This branch is the memory of `orch`, which runs crews of LLM agents on this repository. Every commit is one thing that happened:
a task was planned, an attempt failed, a person answered, work was merged. The files are how things stood after it.

`orch` alone writes here. It shares no commit with your own branches and nothing merges it; please do not edit or rebase it.

## Read it

With git alone, at the root of the repository; `orch` has a shorter command for most of it, which also prints the git command
that does the same.

What happened, newest first (`orch log`):

    git log orch-state
    git log --format='%h %ad %an: %s' --date=iso --since=2.days orch-state

What happened to task T12 (`orch history T12`), and what its file looked like at each step:

    git log --reverse --grep='^Orch-Task: T12$' orch-state
    git log -p orch-state -- '*/T12.json'

Everything one run did, oldest first, one line each (`orch log --run R7`); what one actor did (`orch log --actor coder`):

    git log --reverse --format='%ad %an: %s' --date=iso --grep='^Orch-Run: R7$' orch-state
    git log --oneline --grep='^Orch-Actor: coder$' orch-state

How things stand (`orch show R7`), and how they stood right after event 1841 (`orch show R7@1841`):

    git ls-tree -r --name-only orch-state
    git show orch-state:runs/R7/run.json
    git log -1 --format=%H --grep='^Orch-Seq: 1841$' orch-state
    git show <commit>:runs/R7/run.json

Two runs side by side (`orch diff R3 R7`), and one run at two moments (`orch diff R7@120 R7@340`):

    git diff orch-state:runs/R3 orch-state:runs/R7
    git diff <commit> <commit> -- runs/R7

The events alone, as JSON, for a program:

    git log --reverse --format='%(trailers:key=Orch-Event,valueonly)' orch-state

Whether all of it is as it was written (`orch verify` folds every event and compares every commit):

    git fsck

In a fresh clone, get the branch first:

    git fetch origin orch-state:orch-state

A long history continues from a new root now and then (its message names the commit before it). The parts before that:

    git fetch origin 'refs/orch/epoch/*:refs/orch/epoch/*'
    git log --glob='refs/orch/epoch/*'

## What is where

    runs/R7/run.json                a run: its objective, its status, its settings
    runs/R7/tasks/T3.json           a task; T12 lies in tasks/1/, T345 in tasks/3/4/, and runs in the same way
    runs/R7/decisions/D1.json       a question to people, and the answer
    runs/R7/logs/T3/a1/             what was said and done in the first attempt at T3
    archive/                        runs that are over and were put away

In a commit, the first line is for people. The last lines are for programs: `Orch-Run`, `Orch-Task`, `Orch-Actor` (who did it),
`Orch-Seq` (events are numbered without a gap) and `Orch-Event` (the event itself). The author is who did it, a person or a role.
"""

# `orch verify` holds the roots of logs to these words: who changes them lets it know the old ones, too.
FIRST_SUBJECT: Final = "The state branch begins"
FIRST_BODY: Final = "README.md tells what this branch is and how to read it."

EPOCH_SUBJECT: Final = "The state branch goes on in a new epoch"
EPOCH_BODY: Final = """\
What came before is kept under refs/orch/epoch/, so that a clone of this branch stays small. To get it:
git fetch origin 'refs/orch/epoch/*:refs/orch/epoch/*'"""
