"""A conversation with a language model behind an OpenAI-compatible API: one question, answered by a JSON object.

Whatever a model does wrong with a text is Unsupported and never Fatal: no text may stop the engine for others.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from tasks.model.documents import DocumentRefused
from tasks.runtime.errors import Problem
from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support.http_service import Service, key_behind
from tasks.translation.errors import EngineError, Fatal, QuotaUsedUp, Retryable, Unsupported

ADDRESS = "https://api.openai.com"
OPTIONS = frozenset(("temperature", "response_format"))
_FORMATS = ("json_schema", "json_object", "text")
_USED_UP = frozenset((
    "insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached", "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "organization_usage_limit_exceeded",
))  # fmt: skip
"""Codes and types of a 429 that waiting does not mend."""
_OF_THE_TEXT = re.compile(
    r"context.?(?:length|window|size)|string_above_max_length|content.?(?:filter|policy)|invalid_prompt|moderation|flagged",
    re.IGNORECASE,
)
"""Told by a 400 or 403 that is the text's fault, too long or unwelcome, and not the installation's."""
_SHOWN = 60
"""Characters of a model's words in a reason."""


class ChatModel:
    """The model of an entry in the translation file. Usable after a fork."""

    def __init__(self, name: str, document: EngineDocument) -> None:
        """Raises DocumentRefused for options that there are not."""
        self._model = document.model or ""
        self._key = document.key
        self._options = _options(name, document)
        url = document.url or ADDRESS
        self._path = "/chat/completions" if urlsplit(url).path.strip("/") else "/v1/chat/completions"
        self._service = Service(name, url, timeout=document.timeout, meaning=_meaning)

    def ask(self, prompt: str, message: Any, schema: dict[str, Any], *, called: str) -> dict[str, Any]:
        """The object with which the model answers a message, which goes as JSON; the prompt says what to do.

        `schema` is the JSON schema of the answer, `called` its name. Servers need not keep to it, so whoever asks looks
        at the answer. Raises an EngineError.
        """
        messages = [
            {"role": "system", "content": prompt},
            {"role": "user", "content": json.dumps(message, ensure_ascii=False)},
        ]
        body = {"model": self._model, "messages": messages, **self._options}
        if "response_format" not in self._options:
            form = {"name": called, "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        headers = {"Authorization": f"Bearer {key_behind(self._key)}"} if self._key else {}
        return object_in(self._service.post(self._path, body, headers=headers))


def _options(name: str, document: EngineDocument) -> dict[str, Any]:
    """What goes into every request as it is; raises DocumentRefused for a value that is none."""
    given, form = document.options.get("temperature", "0"), document.options.get("response_format", _FORMATS[0])
    problems = []
    if given != "default" and not re.fullmatch(r"[01](?:\.\d+)?|2(?:\.0+)?", given):
        problems.append(Problem(f"engines.{name}.options.temperature", "must be 0 to 2, or 'default'"))
    if form not in _FORMATS:
        problems.append(Problem(f"engines.{name}.options.response_format", f"must be one of {', '.join(_FORMATS)}"))
    if problems:
        raise DocumentRefused("translation file", problems)
    options: dict[str, Any] = {} if given == "default" else {"temperature": float(given)}
    return options if form == _FORMATS[0] else options | {"response_format": {"type": form}}


def object_in(found: Any) -> dict[str, Any]:
    """The object in the model's message; raises Unsupported if the model gave none, Retryable if the server did."""
    choices = found.get("choices") if isinstance(found, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Retryable("answered without a message")
    if choice.get("finish_reason") == "length":
        raise Unsupported("the model broke off its answer at its greatest length")
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        raise Unsupported("the model refused the text")
    content = message.get("content")
    text = content if isinstance(content, str) else ""
    try:
        answer = json.loads(text.strip().removeprefix("```").removeprefix("json").removesuffix("```"))
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Unsupported(f"the model did not give the JSON object asked for: {text[:_SHOWN]!r}")
    return answer


def _meaning(status: int, found: Any, said: str) -> EngineError | None:
    """A 401 may quote the key, so the reason is ours; used-up credit is a 429 like any other but for its code."""
    error = found.get("error") if isinstance(found, dict) else None
    names = {str(error.get(name)) for name in ("code", "type")} if isinstance(error, dict) else set()
    if status == 413 or (status in (400, 403) and any(_OF_THE_TEXT.search(text) for text in (*names, said))):
        return Unsupported(said)
    if status in (401, 403):
        return Fatal(f"answered {status}: the key is refused, or may not use this model")
    if status == 429 and names & _USED_UP:
        return QuotaUsedUp(said)
    return Retryable(said) if status == 409 else None
