"""Refusals of the door as `application/problem+json`: `errors` says what is wrong and where, as a JSON pointer."""

from __future__ import annotations

import time
from typing import Any

from tasks.runtime.errors import NotPossible, Problem, UserError
from workers.authority import LimitReached, NotAllowed
from workers.web.problem_details import ProblemDetails


def refused(error: UserError) -> ProblemDetails:
    """The answer to a request that something is wrong with."""
    if isinstance(error, LimitReached):
        wait = max(1, -int(-(error.ends - time.time()) // 1))
        return ProblemDetails(429, f"this producer {error.problems[0].problem}", {"retry-after": str(wait)})
    status = 403 if isinstance(error, NotAllowed) else 409 if isinstance(error, NotPossible) else 422
    number = len(error.problems)
    detail = str(error.problems[0]) if number == 1 else f"{number} things are wrong; `errors` says which and where"
    return ProblemDetails(status, detail, errors=[told(problem) for problem in error.problems])


def told(problem: Problem) -> dict[str, Any]:
    """One thing that is wrong, for programs."""
    return {"pointer": pointer(problem.field), "message": problem.problem, "example": problem.example}


def pointer(field: str) -> str:
    """The JSON pointer (RFC 6901) to a field that is named with dots; empty for the whole, such as `(document)`."""
    if field.startswith("("):
        return ""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in field.split("."))
