"""What is said to users about what went wrong: one kind of error, as text and for programs."""

from __future__ import annotations

import pytest

from tasks.model.documents import DocumentRefused
from tasks.runtime.errors import ConfigurationRefused, NotPossible, Problem, UserError
from workers.broker import NoBroker
from workers.engines import NotTestable
from workers.home import AlreadyUp

ONE = Problem("url", "must be an address", "https://acme.example/")
OTHER = Problem("id", "is required")


def test_one_problem_is_one_line_with_an_example() -> None:
    error = UserError("outlet bote", [ONE])
    assert error.lines() == [str(error)]
    assert str(error) == "outlet bote refused: url: must be an address (for example https://acme.example/)"


def test_several_problems_are_a_line_each() -> None:
    error = DocumentRefused("outlet bote", [ONE, OTHER])
    assert error.lines() == [
        "outlet bote refused:",
        "  url: must be an address (for example https://acme.example/)",
        "  id: is required",
    ]
    assert error.to_dict() == {
        "status": "refused",
        "problems": [
            {"field": "url", "problem": "must be an address", "example": "https://acme.example/"},
            {"field": "id", "problem": "is required", "example": None},
        ],
    }


def test_what_is_not_possible_is_said_as_it_is() -> None:
    error = NotPossible("there is no outlet 'bote'", "(outlet)")
    assert error.lines() == [str(error)] == ["there is no outlet 'bote'"]
    assert error.to_dict() == {
        "status": "failed",
        "problems": [{"field": "(outlet)", "problem": "there is no outlet 'bote'", "example": None}],
    }


@pytest.mark.parametrize(
    ("error", "status", "field"),
    [
        (ConfigurationRefused([Problem("FANWIRE_DRAINS", "must be a whole number")]), "refused", "FANWIRE_DRAINS"),
        (NoBroker("the broker does not answer"), "failed", "(broker)"),
        (NotTestable("there is no engine 'x'"), "failed", "(engine)"),
        (AlreadyUp(7), "failed", "(command)"),
    ],
)
def test_every_error_that_a_user_can_mend_is_one_of_them(error: Exception, status: str, field: str) -> None:
    assert isinstance(error, UserError)
    assert not isinstance(error, DocumentRefused)
    assert (error.to_dict()["status"], error.problems[0].field) == (status, field)


def test_a_home_that_is_up_says_what_to_do() -> None:
    [line] = AlreadyUp(7).lines()
    assert "pid 7" in line
    assert "end that one first, or name another folder in FANWIRE_HOME" in line
