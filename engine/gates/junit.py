"""Reads JUnit XML as hostile input: no DTD, so no entities; bounded in size; nothing but test ids and their status is taken."""

from typing import Final, Literal
from xml.parsers import expat

TestStatus = Literal["passed", "failed", "skipped"]

MAX_REPORT_BYTES: Final = 32 * 1024 * 1024

_MAX_ID_CHARS: Final = 1_000
_STATUS_OF: Final[dict[str, TestStatus]] = {"failure": "failed", "error": "failed", "skipped": "skipped"}


class BadReport(Exception):
    """The file is no JUnit XML that we would read; the message says why."""


def parse_report(data: bytes) -> dict[str, TestStatus]:
    """Status by test id, `classname::name`; a repeated id gets `#2`, `#3`, in the order of the report.

    Raises: BadReport for anything that is not one whole XML document without a DTD, of at most `MAX_REPORT_BYTES`.
    """
    if len(data) > MAX_REPORT_BYTES:
        raise BadReport(f"the report is larger than {MAX_REPORT_BYTES} bytes; split the tests over several gates")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    # Entities can only be declared in a DTD: without one there is nothing to expand and nothing to fetch.
    parser.StartDoctypeDeclHandler = _refuse_dtd
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise BadReport(f"not well-formed JUnit XML: {error}") from None
    return reader.tests


class _Reader:
    def __init__(self) -> None:
        self.tests: dict[str, TestStatus] = {}
        self._id = ""
        self._status: TestStatus = "passed"

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase":
            self._id = f"{attributes.get('classname', '')}::{attributes.get('name', '')}"[:_MAX_ID_CHARS]
            self._status = "passed"
        elif self._id and tag in _STATUS_OF and self._status != "failed":
            self._status = _STATUS_OF[tag]

    def end(self, tag: str) -> None:
        if tag != "testcase" or not self._id:
            return
        unique, count = self._id, 1
        while unique in self.tests:
            count += 1
            unique = f"{self._id}#{count}"
        self.tests[unique] = self._status
        self._id = ""


def _refuse_dtd(*_: str | int | None) -> None:
    raise BadReport("the report has a DOCTYPE, which no JUnit writer needs; it was not read")
