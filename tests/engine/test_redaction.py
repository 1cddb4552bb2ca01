"""Secrets go, names stay, and a second look changes nothing."""

import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from engine.redaction import MARK, Redactor
from tests.fakes.pace import cpu_s

ALPHABET = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
COMMIT = st.text(HEX, min_size=40, max_size=40)


def random_value(least: int, alphabet: str = ALPHABET) -> st.SearchStrategy[str]:
    """Characters of which no two are alike, letters and digits both: as random as its length allows."""
    return st.permutations(alphabet).map(lambda drawn: "a1" + "".join(drawn)[:least])


VENDOR_KEYS = [
    "sk-" + "Ab1" * 8,
    "sk-ant-api03-" + "Ab1_" * 8,
    "sk-proj-" + "Ab1-" * 8,
    "xoxb-123456789012-abcdefABCDEF",
    "xoxp-123456789012-abcdef",
    "xapp-1-A123-456-abcdef",
    "ghp_" + "a1B2" * 9,
    "gho_" + "a1B2" * 9,
    "github_pat_" + "a1B2_" * 8,
    "glpat-" + "a1B2-" * 4,
    "AKIA" + "ABCD1234" * 2,
    "ASIA" + "ABCD1234" * 2,
    "AIza" + "a1B2_" * 7,
    "https://hooks.slack.com/services/T000/B000/XXXXXXXX",
    "https://discord.com/api/webhooks/1234/abc-DEF_1",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0F\n\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNz\\n-----END OPENSSH PRIVATE KEY-----",
]


@pytest.mark.parametrize("key", VENDOR_KEYS)
@pytest.mark.parametrize("around", ["{}", "it said {}, then stopped", '{{"header": "{}"}}', "x={}\n"])
def test_keys_of_known_shape_go(key, around):
    assert Redactor().text(around.format(key)) == around.format(MARK)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("API_KEY=Zx91kk2hq8aB7", "API_KEY=[redacted]"),
        ("export DB_PASSWORD='p4ssw0rd-of-db'", "export DB_PASSWORD='[redacted]'"),
        ('{"api_key": "Zx91kk2hq8aB7", "model": "gpt"}', '{"api_key": "[redacted]", "model": "gpt"}'),
        (r'"{\"secret\": \"Zx91kk2hq8aB7\"}"', r'"{\"secret\": \"[redacted]\"}"'),
        ("client_secret: Zx91kk2hq8aB7\nname: x", "client_secret: [redacted]\nname: x"),
        ("SECRET_KEY=8a7fe3b1c05d92468a7fe3b1c05d92468a7fe3b1", "SECRET_KEY=[redacted]"),
        ("signing_key = 'Zx91kk2hq8aB7'", "signing_key = '[redacted]'"),
        ("password=Xk39dkfj3kd9", "password=[redacted]"),
        ("API_KEY: sdf98sdf7sdf98sdf", "API_KEY: [redacted]"),
        ("the password is set: DB_PASSWD = 'aaaa1111'", "the password is set: DB_PASSWD = '[redacted]'"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [redacted]"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic [redacted]"),
        ("https://me:pa55@example.org/x", "https://me:[redacted]@example.org/x"),
        ("postgres://app:hunter2@db:5432/x", "postgres://app:[redacted]@db:5432/x"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA+cut\nMIIEowIBAAKCAQEA", "[redacted]"),
    ],
)
def test_values_behind_telling_names_go_and_the_names_stay(before, after):
    assert Redactor().text(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "R7 T12 D3 a1 orch/R7/T12/a1",
        "commit 8a7fe3b18a7fe3b18a7fe3b18a7fe3b18a7fe3b1",
        '"commit": "8a7fe3b18a7fe3b18a7fe3b18a7fe3b18a7fe3b1"',
        "idempotency_key=550e8400-e29b-41d4-a716-446655440000",
        "cache-key: 8a7fe3b18a7fe3b18a7fe3b18a7fe3b18a7fe3b1",
        "tests/test_rounding.py::test_half_2_even[key=value-1]",
        "key: tests/test_x2.py",
        "token = tokenizer.next_token()",
        "max_tokens: 4096, total_tokens=1234567890",
        "the key=lambda row: row.total is sorted",
        "password: hunter",
        "https://example.org:8080/a@b",
        "slack:T012AB3CD:U012AB3CD",
        "risk-assessment-of-the-whole-module",
        "bearer of news",
        "secret = os.environ['SECRET']",
        "password=get_password() or get_tt22gg()",
        "token: str, api_key=None, secret: Optional",
        "token_mask = 0x0000ffff",
        "tokenizers: v1.0.1.0",
        "token_file=tmp/tmp/1",
        "",
        MARK,
    ],
)
def test_what_only_names_things_survives(text):
    redactor = Redactor(["unrelated-secret"])
    assert redactor.text(text) is text


def test_a_known_value_goes_however_it_is_written():
    redactor = Redactor(['pass"word\n1', "p@ss/word 2"])
    assert redactor.text('pass"word\n1 p@ss/word 2') == f"{MARK} {MARK}"
    assert redactor.text(r'{"said": "pass\"word\n1"}') == f'{{"said": "{MARK}"}}'
    assert redactor.text("https://example.org/?p=p%40ss%2Fword%202") == f"https://example.org/?p={MARK}"


def test_of_two_known_values_the_longer_goes_whole():
    assert Redactor(["secret", "secret-and-more"]).text("a secret-and-more b") == f"a {MARK} b"


def test_a_value_too_short_to_be_secret_takes_no_words_with_it():
    assert Redactor(["abc", ""]).text("abcdef") == "abcdef"


ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    [*VENDOR_KEYS, "API_KEY=", "token: ", MARK]
)


@given(parts=st.lists(ANY_TEXT, max_size=6), secrets=st.lists(st.text(min_size=6, max_size=12), max_size=3))
@example(parts=[MARK], secrets=["redact", "[redacted]", "][redacted][", "x[redacted]"])
@example(parts=["aabbbaabbb" * 3], secrets=["abbbaa", "aabbba"])
def test_a_second_time_changes_nothing(parts, secrets):
    redactor = Redactor(secrets)
    once = redactor.text("".join(parts))
    assert redactor.text(once) == once


@given(before=ANY_TEXT, after=ANY_TEXT, secret=st.text(ALPHABET + "-_./+=", min_size=6, max_size=40))
def test_a_planted_known_value_never_survives(before, after, secret):
    assume(secret not in MARK)
    clean = Redactor([secret]).text(f"{before}{secret}{after}")
    assert secret not in clean.replace(MARK, "")


@given(
    name=st.sampled_from(["API_KEY", "github_token", "client-secret", "Password", "x.access_key", "SIGNING_KEY"]),
    sign=st.sampled_from(["=", ": ", " = ", '": "', "='", ":="]),
    value=random_value(12),
)
def test_a_random_value_behind_a_telling_name_never_survives(name, sign, value):
    assert value not in Redactor().text(f"{name}{sign}{value}")


@given(
    commit=COMMIT,
    around=st.sampled_from(["{}", "commit {}", "merged {} into main", '{{"oid":"{}"}}', "parent: {}", "{}\n"]),
)
def test_commits_survive(commit, around):
    text = around.format(commit)
    assert Redactor(["unrelated-secret"]).text(text) == text


def test_what_may_be_in_no_file_is_found_with_its_line_and_examples_are_left_in_peace():
    redactor = Redactor(["pass word 1"])
    key, other = "ghp_0123456789abcdefghijABCDEFGHIJ456789", "sk-ant-0123456789abcdef0123"
    text = f"a\n{key} {key}\n" + "x\n" * 60_000 + f"pass word 1\n{other}\n{key}"
    assert redactor.found(text) == {key: 2, "pass word 1": 60_003, other: 60_004}
    innocent = "API_KEY=Zx91kk2hq8aB7 postgres://app:hunter2@db .sk-folding-cube-wrapper -----BEGIN PRIVATE KEY-----"
    assert redactor.found(innocent) == {}


def test_what_is_learned_from_a_file_of_the_users_is_known_from_then_on():
    redactor = Redactor()
    redactor.learn(
        "PORT=3000\nDB_PASSWORD=p4ssw0rd-of-db\nDATABASE_URL=postgres://app:password@db/x\nTOKEN=Xk39dkfj3kd9"
    )
    assert redactor.text("with p4ssw0rd-of-db, password and 3000") == f"with {MARK}, password and 3000"
    assert redactor.text("with Xk39dkfj3kd9") == f"with {MARK}"
    assert redactor.found("p4ssw0rd-of-db") == {"p4ssw0rd-of-db": 1}


@pytest.mark.parametrize(
    "piece", ["A1b2", "token", "key_", "://a:", "-----BEGIN PRIVATE KEY-----", "eyJ", "sk-", "M", "bearer "]
)
def test_long_texts_take_no_longer_than_they_are_long(piece):
    redactor = Redactor(["unrelated-secret"])
    text = piece * (120_000 // len(piece))
    part = text[: len(text) // 4]
    assert cpu_s(lambda: redactor.text(text)) < 10 * cpu_s(lambda: redactor.text(part))
