"""Errors that users can mend: each says what is wrong, where, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a document: where (dotted field path), what, and a value that would be right."""

    field: str
    problem: str
    example: str | None = None

    def __str__(self) -> str:
        hint = f" (for example {self.example})" if self.example else ""
        return f"{self.field}: {self.problem}{hint}"


class UserError(ValueError):
    """Something that a user said or set up is wrong, or what the user wants cannot be done.

    `what` names the document, file or setting as a whole; `problems` lists everything that is wrong with it. Neither
    holds the value of a secret. The command line prints both, as text (`lines`) and as JSON (`to_dict`).
    """

    status: Literal["refused", "failed"] = "refused"
    """For programs: `refused` if something the user gave is wrong, `failed` if it is as it should be."""

    def __init__(self, what: str, problems: list[Problem]):
        self.what = what
        self.problems = problems
        super().__init__(f"{what} refused: " + "; ".join(map(str, problems)))

    def lines(self) -> list[str]:
        """The error for people: one line, or a heading and one line for each of several problems."""
        if len(self.problems) == 1:
            return [str(self)]
        return [f"{self.what} refused:", *(f"  {problem}" for problem in self.problems)]

    def to_dict(self) -> dict[str, Any]:
        """The error for programs, as JSON."""
        return {"status": self.status, "problems": [vars(problem) for problem in self.problems]}


class ConfigurationRefused(UserError):
    """A setting, a port or a server that Fanwire needs is missing or wrong; the fields are names of settings."""

    def __init__(self, problems: list[Problem]):
        super().__init__("configuration", problems)


class NotPossible(UserError):
    """What a user wants cannot be done as things are: the text says why, and what would help.

    `field` says where the reason lies: (broker), (ledger), (engine), (file) …
    """

    status = "failed"

    def __init__(self, problem: str, field: str = "(command)"):
        super().__init__(field, [Problem(field, problem)])

    def __str__(self) -> str:
        return self.problems[0].problem


def first_line(error: BaseException) -> str:
    """What an error says, in one line; its kind if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


_PATTERNS: dict[str, str] = {}


def pattern(expression: str, words: str) -> str:
    """A regular expression for `Field(pattern=…)`, with what to say of a value that does not fit it."""
    _PATTERNS[expression] = words
    return expression


def in_words(error: Any) -> str:
    """Say what is wrong, from an entry of pydantic's `errors()`, for people who do not know pydantic."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], "is not written as it must be")
    if template := _WORDS.get(kind):
        return template.format(**context, got=_shown(kind, error.get("input")))
    message: str = error["msg"]
    return message.removeprefix("Value error, ").replace("Input should", "must")


_WORDS = {
    "missing": "is required",
    "string_type": "must be text (a string), not {got}",
    "string_too_short": "must not be empty",
    "string_too_long": "is longer than {max_length} characters",
    "too_short": "must not be empty",
    "int_type": "must be a whole number, not {got}",
    "int_parsing": "must be a whole number, not {got}",
    "int_from_float": "must be a whole number, not {got}",
    "float_type": "must be a number, not {got}",
    "float_parsing": "must be a number, not {got}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}, not {got}",
    "list_type": "must be a list, not {got}",
    "dict_type": "must be an object with fields, not {got}",
    "model_type": "must be an object with fields, not {got}",
    "date_type": "must be a date: year-month-day",
    "date_parsing": "must be a date: year-month-day",
    "date_from_datetime_parsing": "must be a date: year-month-day",
    "date_from_datetime_inexact": "must be a date without a time: year-month-day",
}
_MAY_BE_SHOWN = ("literal_error", "int_parsing", "float_parsing")
_SHOWN = 40


def _shown(kind: str, value: Any) -> str:
    return repr(value[:_SHOWN]) if isinstance(value, str) and kind in _MAY_BE_SHOWN else kind_of(value)


def kind_of(value: Any) -> str:
    """What kind of value this is, but not the value: somebody may have put a secret into the wrong place."""
    if isinstance(value, str):
        return "text"
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "nothing" if value is None else f"a {type(value).__name__}")
