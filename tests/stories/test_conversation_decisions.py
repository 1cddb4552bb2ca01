"""Questions to people: buttons and forms answer, words never do, one answer wins, and nobody is forgotten."""

import asyncio

import msgspec

from bot.bot import Manners
from bot.port import Caps
from engine.work import Failed, Job, WorkOutcome
from tests.fakes.chat import MemoryChat
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import run
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.platforms import Platform
from tests.fakes.talk import ALICE, BOB, EVE, VIC, Talk, rules_of, talking


def failing(job: Job) -> WorkOutcome | None:
    is_bad = job.task.title == "Task bad" and not job.task.guidance
    return Failed("tests_red", "1 failed\nassert 1 == 2") if is_bad else None


def crew_that_asks() -> ScriptedCrew:
    return ScriptedCrew((planned("bad"), planned("after", "bad")), failing)


async def asked(talk: Talk) -> str:
    """The message with the question, once the run was started and has asked."""
    await talk.types(ALICE, "start it")
    await talk.until(lambda: talk.says("D1 needs you") != "")
    return talk.says("D1 needs you")


def test_a_question_is_put_with_its_evidence_and_a_form_answers_it(chat: Platform):
    async def story() -> None:
        async with talking(crew_that_asks(), chat) as talk:
            question = await asked(talk)
            assert chat.text(question) == (
                "D1 needs you: T3 (Task bad) failed 5 times, last because its checks were red. What now?\n"
                "1 failed\n"
                "assert 1 == 2\n"
                "1. retry: try again, with a full set of tries\n"
                "2. retry with changes: say what to do differently: retry with changes: …\n"
                "3. abandon: give it up; tasks that wait for it: abandon cascade | drop | replan\n"
                "4. spawn: a new task takes its place: spawn: …"
            )
            await talk.until(lambda: "1 question needs you: D1" in chat.screen()[0], limit_s=3)
            assert (await talk.types(BOB, "")).startswith("1 question needs you\nD1 (T3): T3 (Task bad) failed 5 times")
            assert await talk.clicks(BOB, "retry with changes", on=question) == ""
            told = await talk.fills_in(BOB, {"changes": "read the manual"})
            assert told.splitlines()[0] == (f"D1 is decided by {chat.who(BOB)}: retry with changes (read the manual)")
            await talk.until(lambda: talk.says("R1 is completed") != "")
            assert chat.text(question) == (
                "T3 (Task bad) failed 5 times, last because its checks were red. What now?\n"
                f"D1 is decided by {chat.who(BOB)}: retry with changes (read the manual)"
            )
            assert chat.buttons(question) == []

    run(story())


def test_plain_text_never_decides(chat: Platform):
    async def story() -> None:
        async with talking(crew_that_asks(), chat) as talk:
            await asked(talk)
            for words in ("yes, looks good to me", "ok", "approve", "1"):
                assert await talk.mentions(ALICE, words, chat.card()) == (
                    "plain text never decides; use the buttons, or `retry`, `abandon`, `spawn`"
                )
            assert talk.board.open_decisions

    run(story())


def test_the_loser_is_told_who_decided(chat: Platform):
    async def story() -> None:
        async with talking(crew_that_asks(), chat) as talk:
            question = await asked(talk)
            button = chat.button("retry", on=question)
            await talk.clicks(BOB, "retry", on=question)
            told = await chat.presses(ALICE, button)
            assert told.startswith(f"D1 is decided: retry, by {chat.who(BOB)} at 20")
            history = await talk.types(ALICE, "history T3")
            assert "D1 of T3 answered by" in history
            assert history.splitlines()[-1].startswith("""all of it: git log --grep='"T3"' --grep='"D1"' """)

    run(story())


def test_fifty_answers_from_three_surfaces_have_one_effect(chat: Platform):
    web = MemoryPlatform(MemoryChat("web"), "local", "console")
    mail = MemoryPlatform(MemoryChat("mail"), "T1", "C9")
    chats = [chat, web, mail]

    async def story() -> None:
        known = tuple(each.who(str(n)) for each in chats for n in range(50) if n % 10 != 7)
        rules = msgspec.structs.replace(rules_of(chat), approvers=(chat.who(ALICE), *known), viewers=())
        async with talking(crew_that_asks(), *chats, rules=rules) as talk:
            await talk.types(ALICE, "start it")
            await talk.types(ALICE, f"bind R1 --to {web.place}")
            await talk.types(ALICE, f"bind R1 --to {mail.place}")
            await talk.until(lambda: all("D1 needs you" in "".join(each.thread()) for each in chats))
            stale = {"decision": "D1", "generation": "0", "choice": "retry"}
            buttons = [each.button("retry", on=_question(each)) for each in chats]
            answers = [
                each.presses(
                    str(n),
                    each.control("decide", stale, on=button.on) if n % 10 == 3 else button,
                    deed=f"click {n // 2 if n < 4 else n}",
                )
                for n, (each, button) in zip(range(50), [*zip(chats, buttons, strict=True)] * 17, strict=False)
            ]
            told = await asyncio.gather(*answers)
            assert sum(text.startswith("D1 is decided by") for text in told) == 1
            refused = [text for text in told if text.startswith("D1 is decided: retry, by")]
            stale_told = [text for text in told if "was asked anew" in text or text.startswith("D1 is decided: ")]
            strangers = [text for text in told if "have no role here" in text]
            assert len(strangers) == 5
            assert len(refused) >= 38
            assert len(stale_told) >= len(refused)
            retried = [record for record in talk.heart.records if type(record.event).__name__ == "DecisionAnswered"]
            assert len(retried) == 1

    run(story())


def _question(chat: Platform) -> str:
    return next(name for name in chat.names() if "D1 needs you" in chat.text(name))


def test_an_answer_in_one_place_shows_in_all(chat: Platform):
    web = MemoryPlatform(MemoryChat("web"), "local", "console")

    async def story() -> None:
        async with talking(crew_that_asks(), chat, web) as talk:
            question = await asked(talk)
            await talk.types(ALICE, "bind R1 --to web:local:console")
            await talk.until(lambda: any("D1 needs you" in text for text in web.thread()))
            await talk.clicks(BOB, "retry", on=question)
            await talk.until(lambda: any(f"D1 is decided by {chat.who(BOB)}" in text for text in web.thread()))

    run(story())


def test_nobody_answers_and_time_only_asks_again(chat: Platform):
    async def story() -> None:
        async with talking(crew_that_asks(), chat, manners=Manners(remind_after_s=(600.0, 1200.0))) as talk:
            await asked(talk)
            await talk.quiet(595)
            assert talk.says("D1 still needs you") == ""
            await talk.until(lambda: talk.says("D1 still needs you") != "", limit_s=20)
            first = talk.says("D1 still needs you")
            await talk.quiet(1190)
            assert talk.says("D1 still needs you") == first
            await talk.until(lambda: talk.says("D1 still needs you") != first, limit_s=30)
            assert talk.board.open_decisions
            await talk.clicks(BOB, "retry", on=first)
            await talk.quiet(15)
            decided = [text for text in chat.thread() if f"D1 is decided by {chat.who(BOB)}" in text]
            assert len(decided) >= 3

    run(story())


def test_a_viewer_may_not_decide_and_the_starter_may(chat: Platform):
    async def story() -> None:
        rules = msgspec.structs.replace(rules_of(chat), operators=(chat.who(EVE),))
        async with talking(crew_that_asks(), chat, rules=rules) as talk:
            await talk.types(EVE, "start it")
            await talk.until(lambda: talk.says("D1 needs you") != "")
            question = talk.says("D1 needs you")
            assert await talk.clicks(VIC, "retry", on=question) == (
                f"`decide` needs the role approver, and you ({chat.who(VIC)}) are a viewer; an admin can change that"
            )
            assert (await talk.clicks(EVE, "retry", on=question)).startswith(f"D1 is decided by {chat.who(EVE)}: retry")

    run(story())


def test_two_people_cancel_a_run_and_one_person_behind_two_accounts_does_not(chat: Platform):
    async def story() -> None:
        links = {chat.who("al"): chat.who(ALICE)}
        rules = msgspec.structs.replace(rules_of(chat), two_people=("cancel",), links=links)
        crew = ScriptedCrew((planned("a"),))
        crew.waits["Task a"] = asyncio.Event()
        async with talking(crew, chat, rules=rules) as talk:
            await talk.types(ALICE, "start it")
            await talk.types(ALICE, "cancel we buy it")
            await talk.until(lambda: talk.says("wants to cancel R1") != "")
            question = talk.says("wants to cancel R1")
            assert await talk.clicks("al", "stop", on=question) == (
                f"{chat.who(ALICE)} has said so already; it takes a second person to agree"
            )
            await talk.clicks(BOB, "stop", on=question)
            await talk.until(lambda: talk.says("R1 was cancelled") != "")
            assert f"{chat.who(ALICE)} and {chat.who(BOB)} agreed" in chat.thread()[-1]

    run(story())


def test_an_operator_gives_no_answer_in_the_guise_of_another_command(chat: Platform):
    async def story() -> None:
        rules = msgspec.structs.replace(rules_of(chat), operators=(chat.who(VIC),), viewers=())
        async with talking(crew_that_asks(), chat, rules=rules) as talk:
            await asked(talk)
            told = f"it takes an approver to answer D1, and you ({chat.who(VIC)}) are an operator; an admin can change that"
            assert await talk.types(VIC, "spawn by hand --for T3 --check true") == told
            assert await talk.types(VIC, "resume D1") == told
            assert await talk.types(VIC, "restart R1") == "D1 must be answered first; nothing else of R1 is held up"
            assert (await talk.types(BOB, "spawn by hand --for T3 --check true")).startswith("D1 is decided by")

    run(story())


def test_a_group_that_approves_gives_an_answer_by_whichever_command(chat: Platform):
    async def story() -> None:
        rules = msgspec.structs.replace(
            rules_of(chat), operators=(chat.who(VIC),), viewers=(), approvers=(chat.who(ALICE), chat.joins(VIC, "crew"))
        )
        async with talking(crew_that_asks(), chat, rules=rules) as talk:
            await asked(talk)
            assert (await talk.types(VIC, "spawn by hand --for T3")).startswith(
                f"D1 is decided by {chat.who(VIC)}: spawn"
            )

    run(story())


def test_what_takes_two_people_takes_them_by_whichever_command(chat: Platform):
    async def story() -> None:
        rules = msgspec.structs.replace(rules_of(chat), two_people=("abandon", "retry", "retry_with_changes"))
        async with talking(crew_that_asks(), chat, rules=rules) as talk:
            await asked(talk)
            wants = f"{chat.who(ALICE)} wants D1 answered with 'abandon'; a second person has to agree"
            assert await talk.types(ALICE, "abandon T3 --then drop") == wants
            assert await talk.types(ALICE, "abandon T3 --then drop") == (
                f"{chat.who(ALICE)} has said so already; it takes a second person to agree"
            )
            assert await talk.types(BOB, "abandon T4") == (
                "`abandon` takes two people here: `interrupt T4` asks about it, and both answer the question"
            )
            assert (await talk.types(BOB, "restart R1")).startswith(
                "`restart` tries tasks again, which takes two people"
            )
            assert talk.board.open_decisions
            assert (await talk.types(BOB, "abandon D1 --then drop")).startswith(
                f"D1 is decided by {chat.who(ALICE)} and {chat.who(BOB)}: abandon drop"
            )

    run(story())


def test_where_no_form_can_be_shown_the_command_is_taught():
    chat = MemoryPlatform(MemoryChat(caps=Caps(4_000, 5, modals=False)))

    async def story() -> None:
        async with talking(crew_that_asks(), chat) as talk:
            question = await asked(talk)
            assert await talk.clicks(BOB, "retry with changes", on=question) == (
                "'retry with changes' needs your words: `retry D1 round half up`"
            )
            told = await talk.types(BOB, "retry D1 round half up")
            assert told.splitlines()[0] == f"D1 is decided by {chat.who(BOB)}: retry with changes (round half up)"

    run(story())


def test_a_button_of_another_version_is_out_of_date(chat: Platform):
    async def story() -> None:
        async with talking(crew_that_asks(), chat) as talk:
            question = await asked(talk)
            for name, args in (("approve", {}), ("decide", {"decision": "D1", "choice": "merge"})):
                assert await chat.presses(ALICE, chat.control(name, args, on=question)) == (
                    "this button is out of date; type the command instead (`help` lists them)"
                )

    run(story())
