"""JUnit XML: what pytest writes is read, what an attacker writes is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gates import junit
from engine.gates.junit import BadReport, parse_report

PYTEST_REPORT = b"""<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest">
<testcase classname="tests.test_a" name="test_ok" time="0.001" />
<testcase classname="tests.test_a.TestB" name="test_no[a&lt;1]"><failure message="m">text</failure></testcase>
<testcase classname="tests.test_a" name="test_setup"><error message="m">text</error></testcase>
<testcase classname="tests.test_a" name="test_later"><skipped type="pytest.skip" message="m" /></testcase>
<testcase classname="tests.test_a" name="test_teardown"><skipped/><error message="m"/></testcase>
</testsuite></testsuites>"""


def test_each_status_is_read() -> None:
    assert parse_report(PYTEST_REPORT) == {
        "tests.test_a::test_ok": "passed",
        "tests.test_a.TestB::test_no[a<1]": "failed",
        "tests.test_a::test_setup": "failed",
        "tests.test_a::test_later": "skipped",
        "tests.test_a::test_teardown": "failed",
    }


def test_a_repeated_id_is_numbered_and_none_is_lost() -> None:
    case = b"<testcase classname='a' name='b'/>"
    failed = b"<testcase classname='a' name='b'><failure/></testcase>"
    assert parse_report(b"<s>" + case + failed + case + b"</s>") == {
        "a::b": "passed",
        "a::b#2": "failed",
        "a::b#3": "passed",
    }


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><s><testcase name="&b;"/></s>"""
READER = (
    b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><s><testcase classname="a" name="b">&a;</testcase></s>"""
)


@pytest.mark.parametrize("report", [BOMB, READER, BOMB.decode().encode("utf-16"), b"<!DOCTYPE html><s/>"])
def test_a_dtd_in_any_encoding_is_refused(report: bytes) -> None:
    with pytest.raises(BadReport, match="DOCTYPE"):
        parse_report(report)


@pytest.mark.parametrize(
    "report",
    [b"", b"not xml", b"<s><testcase name='a'/>", b"<s>&unknown;</s>", b'<?xml version="1.0" encoding="x"?><s/>'],
)
def test_what_is_not_one_whole_document_is_refused(report: bytes) -> None:
    with pytest.raises(BadReport, match="not well-formed"):
        parse_report(report)


def test_a_report_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "MAX_REPORT_BYTES", 10)
    with pytest.raises(BadReport, match="larger than 10 bytes"):
        parse_report(b"<s></s>    ")


def test_a_hundred_thousand_levels_are_no_stack_overflow() -> None:
    assert parse_report(b"<s>" * 100_000 + b"</s>" * 100_000) == {}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(BadReport):
        parse_report(b"<s>" + data + b"</s>")
