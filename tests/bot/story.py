"""One run in the middle of its life, with a task in nearly every state; what screens are tested on."""

from typing import TypeVar

from engine.core.entities import RunConfig
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    answer,
    approve,
    begin,
    direct,
    fail,
    fail_until_asked,
    finish,
    land,
    log,
    plan,
    planned,
    start_run,
    submit,
)

OBJECTIVE = "Make the failing tests pass, and round money half up everywhere"
RED = "tests/test_money.py F.\n\nE   assert round_money('2.675') == '2.68'\nE   AssertionError: 2.67\n\n1 failed, 11 passed"


Driver = TypeVar("Driver", bound=CoreDriver)


def middle(driver: Driver, config: RunConfig | None = None) -> Driver:
    """T4 landed, T5 is in its second attempt, T6 in review, T7 approved, T8 asks (D1), T9 and T10 wait."""
    start_run(driver, OBJECTIVE, config or RunConfig(model="openai/pilot", budget_usd=5.0))
    direct(driver, "money", "reports")
    plan(
        driver,
        "T2",
        [
            planned("a", title="Round money half up"),
            planned("b", title="Parse amounts with a thousands separator"),
            planned("c", role="tester", title="Test the rounding of negative amounts"),
        ],
    )
    plan(
        driver,
        "T3",
        [
            planned("d", title="Print totals in the report"),
            planned("e", title="Read the exchange rates"),
            planned("f", "e", title="Convert each line of the report"),
            planned("g", "d", "f", title="Print the report in the second currency"),
        ],
    )
    land(driver, "T4", "rounds half up")
    begin(driver, "T5")
    log(driver, "T5", cost_usd=0.31)
    fail(driver, "T5", "merged_red", "tests/test_report.py::test_total is red on the merged tree")
    begin(driver, "T5")
    submit(driver, "T6", "tests negative amounts")
    approve(driver, "T7", "prints totals")
    log(driver, "T7", cost_usd=0.02)
    while driver.task("T8").state == "ready":
        begin(driver, "T8")
        fail(driver, "T8", "tests_red", RED)
    return driver


def over(driver: Driver) -> Driver:
    """A run that is completed after one retry; one task was abandoned."""
    start_run(driver, OBJECTIVE)
    direct(driver, "money")
    plan(driver, "T2", [planned("a", title="Round money half up"), planned("b", title="Draw a logo")])
    begin(driver, "T3")
    fail(driver, "T3", "tests_red", RED)
    land(driver, "T3", "rounds half up")
    asked = fail_until_asked(driver, "T4")
    driver.must(answer(driver, asked, "abandon"), "slack:T1:U7")
    finish(driver)
    return driver
