"""On the strict local Slack: each deed is done once, acknowledged at once, and answered where Slack lets us."""

import asyncio

import pytest

from adapters.slack.inbound import SHORTCUT
from bot.messages import Notice
from bot.shown import shown
from tests.adapters.discord.samples import MESSAGES
from tests.adapters.slack.scene import FORM, Scene, scene
from tests.fakes.jumping import passes
from tests.fakes.slack.person import Seen

both_ways = pytest.mark.parametrize("is_socket", [True, False], ids=["socket", "http"])


@both_ways
def test_a_deed_that_comes_three_times_is_done_once_and_acknowledged_each_time(is_socket: bool):
    async def told(scene: Scene) -> None:
        alice, (place, deliveries) = (
            scene.platform.person("alice"),
            (scene.platform.channel(scene.platform.place), scene.slack.deliveries),
        )
        await scene.card()
        deliveries.copies = 3
        await alice.types("/orch status", place)
        await alice.says("@orch status", place)
        await alice.presses(alice.sees("pause", scene.slack.space.posts[0]))
        await passes(1)
        await scene.port.ask_form(scene.heard[-1], FORM)
        await alice.fills_in({"changes": "x"})
        await passes(1)
        assert [each.kind for each in scene.heard] == ["command", "mention", "click", "form"]
        assert len(deliveries.outcomes) == 12
        assert all(outcome.is_acked for _, outcome in deliveries.outcomes)

    scene(told, is_socket=is_socket)


@both_ways
def test_an_event_that_slack_tries_again_is_heard_once(is_socket: bool):
    async def told(scene: Scene) -> None:
        alice = scene.platform.person("alice")
        place = scene.platform.channel(scene.platform.place)
        scene.slack.deliveries.copies = 2
        await alice.says("@orch status", place)
        scene.slack.sockets.fall_silent()
        await alice.says("@orch help", place)
        await passes(400)
        assert [each.args["text"] for each in scene.heard] == ["status", "help"]

    scene(told, is_socket=is_socket)


@both_ways
def test_what_nobody_knows_is_acknowledged_all_the_same(is_socket: bool):
    async def told(scene: Scene) -> None:
        alice = scene.platform.person("alice")
        await scene.card()
        post = scene.slack.space.posts[0]
        seen = alice.controls_on(post)[0]
        alien = Seen("x", {**seen.element, "action_id": "of another app"}, seen.block, seen.channel, seen.message)
        assert (await alice.presses(alien)).is_acked
        assert (await alice.uses_shortcut("unknown", post)).is_acked
        await passes(1)
        assert [(each.kind, each.name) for each in scene.heard] == [("click", "?")]

    scene(told, is_socket=is_socket)


@both_ways
def test_a_slack_that_answers_slowly_delays_no_acknowledgement(is_socket: bool):
    async def told(scene: Scene) -> None:
        alice = scene.platform.person("alice")
        scene.platform.latency(20.0)
        async with asyncio.TaskGroup() as tasks:
            _ = tasks.create_task(scene.card())
            for _ in range(5):
                outcome = await alice.types("/orch status", scene.platform.channel(scene.platform.place))
                assert outcome.is_acked
                assert outcome.after_s < 0.1

    scene(told, is_socket=is_socket)


def test_two_clicks_that_come_in_another_order_are_both_heard():
    async def told(scene: Scene) -> None:
        alice, bob = scene.platform.person("alice"), scene.platform.person("bob")
        await scene.card()
        post = scene.slack.space.posts[0]
        scene.slack.deliveries.hold()
        async with asyncio.TaskGroup() as tasks:
            _ = tasks.create_task(alice.presses(alice.sees("pause", post)))
            _ = tasks.create_task(bob.presses(bob.sees("cancel", post)))
            await passes(1)
            await scene.slack.deliveries.release(is_reversed=True)
        await passes(1)
        assert [each.name for each in scene.heard] == ["cancel", "pause"]

    scene(told)


def test_a_form_that_comes_too_late_asks_for_another_click():
    async def told(scene: Scene) -> None:
        alice = scene.platform.person("alice")
        await scene.card()
        await alice.presses(alice.sees("pause", scene.slack.space.posts[0]))
        await passes(3.5)
        await scene.port.ask_form(scene.heard[-1], FORM)
        assert "click again" in alice.told_alone()[-1]
        assert not scene.slack.space.views

    scene(told)


def test_a_command_is_answered_more_often_than_its_address_takes():
    async def told(scene: Scene) -> None:
        alice = scene.platform.person("alice")
        await alice.types("/orch status", scene.platform.channel(scene.platform.place))
        await passes(1)
        for number in range(7):
            await scene.port.reply(scene.heard[0], Notice(f"answer {number}"))
        assert alice.told_alone() == [f"answer {number}" for number in range(7)]
        assert [bool(each.address) for each in alice.whispers()] == [True] * 5 + [False] * 2

    scene(told)


def test_a_command_is_answered_where_the_bot_is_no_member():
    async def told(scene: Scene) -> None:
        alice = scene.platform.person("alice")
        await alice.types("/orch status", scene.platform.channel(scene.platform.elsewhere))
        await passes(1)
        await scene.port.reply(scene.heard[0], Notice("hello"))
        assert alice.told_alone() == ["hello"]

    scene(told)


def test_the_own_page_is_published_for_who_opened_it():
    async def told(scene: Scene) -> None:
        alice = scene.platform.person("alice")
        await alice.opens_home()
        await passes(1)
        await scene.port.reply(scene.heard[0], Notice("nothing needs you"))
        assert alice.reads_home() == "nothing needs you"

    scene(told)


def test_a_message_can_be_made_a_run_by_its_menu():
    async def told(scene: Scene) -> None:
        alice = scene.platform.person("alice")
        place = scene.platform.channel(scene.platform.place)
        await alice.says("the cents are <wrong> & late", place)
        await alice.uses_shortcut(SHORTCUT, scene.slack.space.posts[-1])
        await passes(1)
        (field,) = [block for block in alice.form().payload["blocks"] if block["type"] == "input"][:1]
        assert field["element"]["initial_value"] == "the cents are <wrong> & late"
        await alice.fills_in({})
        await passes(1)
        assert (scene.heard[-1].kind, scene.heard[-1].name) == ("form", "start")

    scene(told)


def test_a_secret_that_is_not_ours_and_a_stamp_of_old_are_not_heard():
    async def told(scene: Scene) -> None:
        alice, place = scene.platform.person("alice"), scene.platform.channel(scene.platform.place)
        now = scene.slack.deliveries.stamp_s
        scene.slack.deliveries.stamp_s = lambda: now() - 600
        assert not (await alice.types("/orch status", place)).is_acked
        scene.slack.deliveries.stamp_s = now
        scene.slack.deliveries.secret = "of somebody else"
        assert not (await alice.types("/orch status", place)).is_acked
        await passes(1)
        assert scene.heard == []

    scene(told, is_socket=False)


def test_every_kind_of_message_reads_as_every_surface_says_it():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        for name, message in MESSAGES.items():
            await passes(2)
            ref = await scene.port.post(thread, message, name)
            assert scene.platform.text(ref.message) == shown(message, scene.port.caps).text, name
            await scene.port.edit(ref, message)
        assert scene.platform.objections() == []

    scene(told)


@both_ways
def test_names_and_addresses_come_as_they_were_typed(is_socket: bool):
    async def told(scene: Scene) -> None:
        alice, bob = scene.platform.person("alice"), scene.platform.person("bob")
        place = scene.platform.channel(scene.platform.place)
        text = f"start ask @{bob.name} about https://x.example/a?b=1 and example.com, a < b"
        await alice.types(f"/orch {text}", place)
        await alice.says(f"@orch {text.replace('@bob', 'bob')}", place)
        await passes(1)
        assert [each.args["text"] for each in scene.heard] == [text, text.replace("@bob", "bob")]

    scene(told, is_socket=is_socket)


def test_nothing_that_was_typed_calls_or_marks_up():
    hostile = "<!channel> <!here|x> <@U1> <!subteam^S1> *b* _i_ ~s~ `c` &lt;tag&gt; :tada: https://x.y ```"

    async def told(scene: Scene) -> None:
        thread = await scene.card()
        await passes(2)
        await scene.posts(thread, hostile, "k")
        assert scene.platform.thread() == [hostile]
        alice = scene.platform.person("alice")
        await alice.types(f"/orch start {hostile}", scene.platform.channel(scene.platform.place))
        await passes(1)
        assert scene.heard[0].args["text"] == f"start {hostile}"
        assert scene.platform.objections() == []

    scene(told)
