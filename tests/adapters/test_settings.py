"""Settings: which source wins, what is refused and in which words, and what counts as a secret."""

from pathlib import Path

import pytest

from adapters.settings import BadSettings, load_discord, load_settings, load_slack, person, secrets_of
from bot.people import PeopleRules
from engine.agent.outcome import Limits
from engine.core.entities import GateSpec
from engine.workspace.repository import Repository
from tests.engine.workspace.target import commit, make_repository

FULL = """
model = "anthropic/claude-sonnet-4-5"
max_workers = 3
plan_first = true
acceptance = false
max_retries = 2
sandbox = "landlock"

[phoenix]
ladder = ["brief", "human"]
stronger_model = "anthropic/big"

[guardian]
every_turns = 10
every_seconds = 60

[budget]
usd = 2.5
tokens = 100000

[state]
keep_logs = 7
epoch_mb = 64

[models]
coder = "openai/gpt-5"

[fallbacks]
"anthropic/claude-sonnet-4-5" = ["openai/gpt-5", "ollama/qwen3"]

[profiles."ollama/qwen3"]
input = 0
output = 0
context = 32_000
codec = "fenced"

[workspace]
setup = "make deps"
include = [".env.test"]
network = true

[[gate]]
name = "tests"
run = "make test"
timeout_s = 60
junit = "report.xml"

[limits]
output_tokens = 16_000
turns = 12
seconds = 300
"""


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in (
        "MODEL",
        "API_BASE",
        "API_KEY",
        "BUDGET_USD",
        "BUDGET_TOKENS",
        "MAX_WORKERS",
        "MAX_RETRIES",
        "SANDBOX",
        "CODEC",
    ):
        monkeypatch.delenv(f"ORCH_{name}", raising=False)


def target(tmp_path: Path, text: str | None) -> tuple[Repository, str]:
    files = {"README.md": "target"} | ({"orch.toml": text} if text is not None else {})
    repository = make_repository(tmp_path / "target", files)
    return repository, repository.branch_tip("main")


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(BadSettings) as caught:
        load_settings(*target(tmp_path, text), {})
    return str(caught.value)


def test_every_key_of_the_file_is_read(tmp_path: Path):
    found = load_settings(*target(tmp_path, FULL), {})
    assert (found.model, found.models) == ("anthropic/claude-sonnet-4-5", {"coder": "openai/gpt-5"})
    assert found.fallbacks == {"anthropic/claude-sonnet-4-5": ("openai/gpt-5", "ollama/qwen3")}
    assert found.profiles["ollama/qwen3"].model_dump(exclude_none=True) == {
        "input": 0, "output": 0, "context": 32_000, "codec": "fenced",
    }  # fmt: skip
    assert (found.max_workers, found.max_retries, found.sandbox) == (3, 2, "landlock")
    assert found.plan_first
    assert not found.acceptance
    assert (found.ladder, found.stronger_model) == (("brief", "human"), "anthropic/big")
    assert (found.guardian_turns, found.guardian_seconds) == (10, 60)
    assert (found.budget_usd, found.budget_tokens) == (2.5, 100000)
    assert (found.keep_logs_days, found.epoch_bytes) == (7, 64 * 2**20)
    assert (found.setup, found.include, found.network) == ("make deps", (".env.test",), True)
    assert found.gates == (GateSpec("tests", "make test", 60, "report.xml"),)
    assert found.limits == Limits(max_turns=12, max_seconds=300, max_output_tokens=16_000)


def test_without_a_file_nothing_is_named_and_the_defaults_hold(tmp_path: Path):
    found = load_settings(*target(tmp_path, None), {})
    assert (found.model, found.max_workers, found.max_retries, found.sandbox) == ("", 5, 4, "auto")
    assert not found.plan_first
    assert found.acceptance
    assert found.ladder == ("brief", "stronger_model", "replan", "human")
    assert found.gates == ()


def test_the_environment_beats_the_file_and_the_command_line_beats_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    repository, tip = target(tmp_path, FULL)
    monkeypatch.setenv("ORCH_MODEL", "openai/of-the-environment")
    monkeypatch.setenv("ORCH_MAX_WORKERS", "7")
    monkeypatch.setenv("ORCH_BUDGET_USD", "9")
    found = load_settings(repository, tip, {"model": "openai/of-the-line", "budget_usd": None})
    assert (found.model, found.max_workers, found.budget_usd) == ("openai/of-the-line", 7, 9)


def test_the_file_alone_does_not_take_the_sandbox_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = 'sandbox = "none"'
    repository, tip = target(tmp_path, text)
    with pytest.raises(BadSettings, match="set ORCH_SANDBOX=none where orch is started"):
        load_settings(repository, tip, {"model": "openai/mine"})
    for word in ("none", "auto"):
        monkeypatch.setenv("ORCH_SANDBOX", word)
        assert load_settings(repository, tip, {}).sandbox == word


def test_what_is_typed_for_one_run_beats_the_file(tmp_path: Path):
    found = load_settings(*target(tmp_path, None), {"plan_first": True, "guardian_turns": 7})
    assert (found.plan_first, found.guardian_turns) == (True, 7)


def test_rules_about_people_are_read(tmp_path: Path):
    text = """
[people]
viewers = ["web:*"]
approvers = ["slack:T1:U7", "slack:T1:S3"]
places = ["slack:T1:*"]
links = { "web:al" = "slack:T1:U7" }
starter_decides = false
two_people = ["cancel", "abandon"]
"""
    assert load_settings(*target(tmp_path, text), {}).people == PeopleRules(
        viewers=("web:*",), approvers=("slack:T1:U7", "slack:T1:S3"), places=("slack:T1:*",),
        links={"web:al": "slack:T1:U7"}, starter_decides=False, two_people=("cancel", "abandon"),
    )  # fmt: skip


@pytest.mark.parametrize(("text", "rules"), [("[people]", PeopleRules()), (FULL, None)])
def test_an_empty_table_of_people_denies_all_and_none_sets_no_rules(
    tmp_path: Path, text: str, rules: PeopleRules | None
):
    assert load_settings(*target(tmp_path, text), {}).people == rules


def test_an_empty_variable_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ORCH_MODEL", "")
    assert load_settings(*target(tmp_path, FULL), {}).model == "anthropic/claude-sonnet-4-5"


def test_the_file_counts_as_it_is_in_the_commit(tmp_path: Path):
    repository, tip = target(tmp_path, FULL)
    commit(repository.path, {"orch.toml": 'model = "openai/newer"\n'})
    (repository.path / "orch.toml").write_text('model = "openai/dirty"\n')
    assert load_settings(repository, tip, {}).model == "anthropic/claude-sonnet-4-5"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modle = 'x'", "orch.toml has an unknown setting 'modle'; did you mean 'model'?"),
        ("[budget]\nuds = 1", "orch.toml has an unknown setting 'budget.uds'; did you mean 'usd'?"),
        ("[[gate]]\nname = 'a'\nrun = 'b'\ntimeout = 3", "'gate.0.timeout'; did you mean 'timeout_s'?"),
        ("zzz = 1", "orch.toml has an unknown setting 'zzz'; possible here: acceptance, budget, "),
        ('[phoenix]\nladder = ["human", "brief"]', "in this order and each once, from the first on"),
        ("max_workers = 0", "orch.toml: max_workers is wrong (input should be greater than or equal to 1, found 0)"),
        ("[[gate]]\nname = 'a'", "orch.toml: gate.0.run is wrong (field required)"),
        ("model = ", "orch.toml is no TOML"),
        ("api_key = 'sk-1'", "orch.toml has an unknown setting 'api_key'"),
        ("[budget]\nusd = inf", "budget.usd is wrong"),
        (
            "[profiles.'a/b']\nprice = 1",
            "unknown setting 'profiles.a/b.price'; possible here: cache_write, cached, codec",
        ),
        ("[profiles.'a/b']\ncodec = 'xml'", "orch.toml: profiles.a/b.codec is wrong"),
        ("[people]\nadmin = ['web:a']", "orch.toml has an unknown setting 'people.admin'; did you mean 'admins'?"),
        ("[people]\ntwo_people = ['retyr']", "orch.toml: people.two_people.0"),
        ("[people]\nviewers = 'web:*'", "orch.toml: people.viewers is wrong"),
    ],
)
def test_what_the_file_may_not_say_is_refused_in_a_sentence(tmp_path: Path, text: str, words: str):
    assert words in refusal(tmp_path, text)


def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ORCH_MAX_WORKERS", "many")
    assert "ORCH_MAX_WORKERS is wrong" in refusal(tmp_path, "")


def test_a_wrong_override_is_named(tmp_path: Path):
    with pytest.raises(BadSettings, match="what was asked for: max_workers is wrong"):
        load_settings(*target(tmp_path, None), {"max_workers": 900})


def test_the_key_does_not_show_when_settings_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ORCH_API_KEY", "verysecretvalue")
    assert "verysecretvalue" not in repr(load_settings(*target(tmp_path, None), {}))


def test_secrets_are_what_is_named_like_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOME_API_KEY", "value-of-key")
    monkeypatch.setenv("db_password", "value-of-password")
    monkeypatch.setenv("MY_TOKEN", "short")
    monkeypatch.setenv("HARMLESS", "value-of-harmless")
    found = secrets_of()
    assert {"value-of-key", "value-of-password"} <= set(found)
    assert not {"short", "value-of-harmless"} & set(found)


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("ORCH_BUDGET_TOKENS", "1000000", False),
        ("ORCH_BUDGET_TOKENS", "1_000_000", False),
        ("ORCH_API_KEY", "sk-of-our-own", True),
        ("ORCH_CONSOLE_TOKEN", "4815162342481516", True),
        ("MAX_OUTPUT_TOKENS", "128000", False),
        ("TOKEN_LIFETIME_MS", "3600000", False),
        ("TOKEN_LIFETIME_TEXT", "one-hour", True),
        ("PASSWORD_LOGIN", "Disabled", False),
        ("DOOR_PASSWORD", "4815162342", True),
    ],
)
def test_a_number_or_a_switch_is_no_secret_where_only_part_of_the_name_is_a_secrets(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, is_secret: bool
):
    monkeypatch.setenv(name, value)
    assert (value in secrets_of()) == is_secret


def test_a_person_is_named_by_surface_and_login(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOGNAME", "alice")
    assert person() == "cli:alice"


def test_discord_is_reached_with_the_token_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    assert load_discord() is None
    monkeypatch.setenv("DISCORD_TOKEN", "a-bots-token")
    monkeypatch.setenv("DISCORD_API_BASE", "http://127.0.0.1:1/api/v10")
    found = load_discord()
    assert found is not None
    assert (found.token.get_secret_value(), found.api_base) == ("a-bots-token", "http://127.0.0.1:1/api/v10")
    assert "a-bots-token" not in repr(found)
    assert "a-bots-token" in secrets_of()
    monkeypatch.setenv("DISCORD_GATEWAY_URL", "gateway")
    with pytest.raises(BadSettings, match="DISCORD_GATEWAY_URL is wrong"):
        load_discord()


SLACK = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_BASE_URL", "SLACK_PLAN_BLOCKS")


def test_slack_is_reached_with_the_tokens_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in SLACK:
        monkeypatch.delenv(name, raising=False)
    assert load_slack() is None
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-a-bots-token")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-an-apps-token")
    monkeypatch.setenv("SLACK_API_BASE_URL", "http://127.0.0.1:1/api/")
    found = load_slack()
    assert found is not None
    assert found.bot_token.get_secret_value() == "xoxb-a-bots-token"
    assert (found.app_token.get_secret_value(), found.api_base_url) == ("xapp-an-apps-token", "http://127.0.0.1:1/api/")
    assert "token" not in repr(found).replace("bot_token", "").replace("app_token", "")
    assert {"xoxb-a-bots-token", "xapp-an-apps-token"} <= set(secrets_of())


@pytest.mark.parametrize(
    ("set_to", "sentence"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_BOT_TOKEN needs SLACK_APP_TOKEN"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN is not"),
        ({"SLACK_BOT_TOKEN": "xapp-secret", "SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN does not begin with xoxb-"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xoxb-secret"}, "SLACK_APP_TOKEN does not begin with xapp-"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "SLACK_API_BASE_URL": "x"}, "SLACK_API_BASE_URL is wrong"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "SLACK_PLAN_BLOCKS": "perhaps"}, "SLACK_PLAN_BLOCKS is wrong"),
    ],
)  # fmt: skip
def test_what_lacks_for_slack_is_named_and_no_token_is_quoted(
    monkeypatch: pytest.MonkeyPatch, set_to: dict[str, str], sentence: str
):
    for name in SLACK:
        monkeypatch.delenv(name, raising=False)
    for name, value in set_to.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=sentence) as refused:
        load_slack()
    assert "secret" not in str(refused.value)


def test_signed_requests_do_without_an_apps_token(monkeypatch: pytest.MonkeyPatch):
    for name in SLACK:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "a-secret")
    found = load_slack()
    assert found is not None
    assert found.signing_secret.get_secret_value() == "a-secret"
    assert not found.plan_blocks


def test_cards_show_plans_where_that_was_asked_for(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"BOT_TOKEN": "xoxb-1", "SIGNING_SECRET": "a-secret", "PLAN_BLOCKS": "true"}.items():
        monkeypatch.setenv(f"SLACK_{name}", value)
    found = load_slack()
    assert found is not None
    assert found.plan_blocks
