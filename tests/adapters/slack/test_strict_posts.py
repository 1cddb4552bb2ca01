"""On the strict local Slack: what is said is said once, whatever becomes of the answers."""

import asyncio
from collections.abc import Callable

import pytest

from bot.messages import Notice
from bot.port import ChatDown, ChatGone, MessageRef
from tests.adapters.slack.scene import CARD, Scene, scene
from tests.fakes.jumping import passes
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.workspace import Post


@pytest.mark.parametrize("fault", [Faults.drops_after, Faults.drops_before, Faults.hangs_after])
def test_a_post_whose_answer_was_lost_stands_once(fault: Callable[[Faults, str], None]):
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        await passes(2)
        fault(scene.platform.api.faults, "chat.postMessage")
        with pytest.raises(ChatDown):
            await scene.posts(thread, "one", "k")
        await passes(2)
        ref = await scene.posts(thread, "one", "k")
        assert scene.platform.names(thread.thread) == [ref]

    scene(told)


def test_a_card_whose_answer_was_lost_stands_once():
    async def told(scene: Scene) -> None:
        scene.platform.api.faults.drops_after("chat.postMessage")
        with pytest.raises(ChatDown):
            await scene.card()
        await passes(2)
        await scene.posts(await scene.card(), "noise", "n")
        assert len(scene.platform.names("")) == 1

    scene(told)


def test_a_post_is_found_among_hundreds_in_a_thread():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        space = scene.slack.space
        for number in range(3):
            await passes(3)
            await scene.posts(thread, str(number), f"p{number}")
        for _ in range(450):
            space.post(Post("C1", "", space.user("alice", "C1"), "chatter", [], thread.thread))
        assert await scene.posts(thread, "2", "p2") == scene.platform.names(thread.thread)[2]
        assert len(scene.platform.names(thread.thread)) == 3

    scene(told)


def test_a_429_says_how_long_to_wait_and_a_503_does_not():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        scene.platform.api.faults.answers("chat.update", 429, retry_after_s=7)
        with pytest.raises(ChatDown) as caught:
            await scene.port.edit(thread.card, CARD)
        assert caught.value.retry_after_s == 7
        await passes(3)
        with pytest.raises(ChatDown) as caught:
            await scene.port.edit(thread.card, CARD)
        assert caught.value.retry_after_s == pytest.approx(4, abs=0.1)
        assert [each.method for each in scene.platform.api.asked].count("chat.update") == 1
        await passes(4)
        scene.platform.api.faults.answers("chat.update", 503, times=3)
        for _ in range(3):
            with pytest.raises(ChatDown) as caught:
                await scene.port.edit(thread.card, CARD)
            assert caught.value.retry_after_s == 0
        await scene.port.edit(thread.card, CARD)

    scene(told)


def test_posts_that_come_too_fast_are_told_to_wait():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        with pytest.raises(ChatDown) as caught:
            await scene.posts(thread, "too soon", "k")
        assert caught.value.retry_after_s == 1
        await passes(1)
        await scene.posts(thread, "now", "k")

    scene(told)


@pytest.mark.parametrize(
    ("error", "is_place"),
    [("msg_too_long", False), ("not_in_channel", True), ("channel_not_found", True), ("is_archived", True)],
)
def test_a_refusal_for_good_is_no_reason_to_try_again(error: str, is_place: bool):
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        scene.platform.api.faults.refuses("chat.postMessage", error)
        with pytest.raises(ChatGone) as caught:
            await scene.posts(thread, "x", "k")
        assert caught.value.is_place == is_place

    scene(told)


def test_a_deleted_message_is_gone_and_its_thread_is_not():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        await passes(2)
        await scene.posts(thread, "one", "a")
        scene.platform.delete(thread.thread)
        with pytest.raises(ChatGone) as caught:
            await scene.port.edit(MessageRef(scene.platform.place, thread.thread), CARD)
        assert not caught.value.is_place
        await passes(2)
        await scene.posts(thread, "two", "b")
        assert scene.platform.screen(thread.thread) == ["one", "two"]

    scene(told)


def test_an_answer_that_is_no_json_is_a_slack_that_is_down():
    async def told(scene: Scene) -> None:
        scene.platform.api.faults.answers_nonsense("chat.postMessage")
        with pytest.raises(ChatDown):
            await scene.card()

    scene(told)


def test_a_picture_stands_in_its_message_once_slack_has_looked_at_it():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        scene.slack.space.file_delay_s = 3.0
        png, tries = b"\x89PNG\r\n\x1a\n", 0
        while not scene.platform.names(thread.thread):
            await passes(2)
            tries += 1
            try:
                await scene.port.upload(thread, png, "R1.png", "R1 running", "k")
            except ChatDown:
                continue
        (post,) = scene.slack.space.replies("C1", thread.thread)
        (file,) = scene.slack.space.files.values()
        assert (file.content, file.alt, tries) == (png, "R1 running", 3)
        assert post.blocks[0]["slack_file"] == {"id": file.id}

    scene(told)


@pytest.mark.parametrize("step", ["upload", "files.completeUploadExternal", "chat.postMessage"])
def test_a_picture_whose_way_broke_off_stands_once(step: str):
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        await passes(2)
        scene.platform.api.faults.drops_after(step)
        with pytest.raises(ChatDown):
            await scene.port.upload(thread, b"png", "R1.png", "R1 running", "k")
        await passes(2)
        ref = await scene.port.upload(thread, b"png", "R1.png", "R1 running", "k")
        (post,) = scene.slack.space.replies("C1", thread.thread)
        assert (post.ts, post.blocks[0]["type"]) == (ref.message, "image")

    scene(told)


def test_without_the_right_to_bring_files_a_picture_is_its_words():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        await passes(2)
        scene.platform.api.scopes -= {"files:write"}
        await scene.port.upload(thread, b"png", "R1.png", "R1 running", "k")
        assert scene.platform.screen(thread.thread) == ["R1 running"]

    scene(told)


def shown_files(scene: Scene, thread: str) -> list[tuple[str, str, bytes | None]]:
    """What a person reads beside each file of the thread, its title, and what is in it."""
    scene.slack.space.show_files()
    return [
        (post.text, file["title"], scene.slack.space.files[file["id"]].content)
        for post in scene.slack.space.replies("C1", thread)
        for file in post.files
    ]


@pytest.mark.parametrize("step", [None, "upload", "files.completeUploadExternal"])
def test_a_text_is_a_file_in_the_thread_once_whatever_breaks_off(step: str | None):
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        await passes(2)
        if step:
            scene.platform.api.faults.drops_after(step)
            with pytest.raises(ChatDown):
                await scene.port.upload(thread, b"all of it", "T3.txt", "T3 & <co>", "k")
        first = await scene.port.upload(thread, b"all of it", "T3.txt", "T3 & <co>", "k")
        assert await scene.port.upload(thread, b"all of it", "T3.txt", "T3 & <co>", "k") == first
        assert shown_files(scene, thread.thread) == [("T3 &amp; &lt;co&gt;", "T3.txt", b"all of it")]
        await scene.port.upload(thread, b"more of it", "T3.txt", "T3", "another")
        assert len(shown_files(scene, thread.thread)) == 2
        assert scene.platform.objections() == []

    scene(told)


def test_a_file_that_slack_shows_a_moment_later_is_brought_once():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        scene.slack.space.share_delay_s = 5.0
        found = None
        while found is None:
            await passes(2)
            try:
                found = await scene.port.upload(thread, b"all of it", "T3.txt", "T3", "k")
            except ChatDown:
                continue
        (post,) = scene.slack.space.replies("C1", thread.thread)
        assert (post.ts, len(scene.slack.space.files)) == (found.message, 1)

    scene(told)


def test_two_who_ask_for_one_file_at_once_get_one():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        asked = [scene.port.upload(thread, b"all of it", "T3.txt", "T3", "k") for _ in range(2)]
        first, second = await asyncio.gather(*asked)
        assert first == second
        assert len(shown_files(scene, thread.thread)) == 1

    scene(told)


def test_without_the_right_to_bring_files_there_is_no_text():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        scene.platform.api.scopes -= {"files:write"}
        with pytest.raises(ChatGone):
            await scene.port.upload(thread, b"all of it", "T3.txt", "T3", "k")
        assert scene.platform.screen(thread.thread) == []

    scene(told)


def test_an_edit_leaves_no_trace_of_what_stood_there():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        await scene.port.edit(thread.card, Notice("over"))
        post = scene.slack.space.posts[0]
        assert scene.platform.text(thread.thread) == post.text == "over"
        assert scene.platform.buttons(thread.thread) == []
        assert post.metadata is not None

    scene(told)
