"""A server with OpenAI's chat completions: key, schema, errors; its model says what a test has it say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tasks.language_data import every_language

from .loopback import Answer, Asked, Loopback, answer, changed

KEY, MODEL = "sk-proj-0123456789abcdef", "gpt-4o-mini"
CONTEXT = 20_000
"""Characters of all messages; the real one counts tokens."""


def refused(status: int, message: str, type: str, code: str | None = None, **headers: str) -> Answer:
    error = {"message": message, "type": type, "param": None, "code": code}
    return answer(status, {"error": error}, **headers)


def completion(content: str | None, *, finish: str = "stop", refusal: str | None = None) -> Answer:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return answer(200, {"id": "chatcmpl-1", "object": "chat.completion", "model": MODEL, "choices": [choice]})


def translated(text: str) -> str:
    """A model that does as the prompt says: words changed, tags and what stands in `<x>` kept."""
    parts = re.split(r"(<x\b[^<>]*/>|<x\b[^<>]*>.*?</x>|<[^<>]*>|&\w+;)", text)
    return "".join(part if place % 2 else changed(part) for place, part in enumerate(parts))


NOT_OURS = {
    "category": "accuracy/mistranslation",
    "severity": "critical",
    "source": "",
    "target": "",
    "why": "other text",
}
"""The fault of a translation that is of another text."""


def known_as_wrong(question: dict[str, str]) -> list[dict[str, str]]:
    """What a model says that finds the wire's own disclaimer beside another text, and nothing else: it cannot judge."""
    houses = (data.house for data in every_language() if data.house)
    disclaimers = {house.disclaimer.format(wire="Fanwire", url="https://fanwire.example/") for house in houses}
    return [NOT_OURS] if question["source"] in disclaimers else []


class OpenAIDouble(Loopback):
    def __init__(self) -> None:
        super().__init__()
        self.finds: Callable[[dict[str, str]], list[Any]] = known_as_wrong
        """From one unit to be judged to its faults."""
        self.judges: Callable[[dict[str, dict[str, str]]], str] = self.judged
        """From the units to be judged to the content of the message."""
        self.says: Callable[[dict[str, str]], str] = self.obeys
        """From the texts asked for to the content of the message."""

    def obeys(self, texts: dict[str, str]) -> str:
        return json.dumps({key: self.spoil(translated(text)) for key, text in texts.items()}, ensure_ascii=False)

    def judged(self, units: dict[str, dict[str, str]]) -> str:
        return json.dumps({key: {"faults": self.finds(unit)} for key, unit in units.items()})

    def answer(self, asked: Asked) -> Answer:
        if asked.path != "/v1/chat/completions":
            return refused(404, f"Invalid URL (POST {asked.path})", "invalid_request_error")
        given = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if given != KEY:
            said = f"Incorrect API key provided: {given}. You can find your API key at https://platform.openai.com."
            return refused(401, said, "invalid_request_error", "invalid_api_key")
        body = asked.json
        if body["model"] != MODEL:
            return refused(
                404, f"The model `{body['model']}` does not exist", "invalid_request_error", "model_not_found"
            )
        if sum(len(message["content"]) for message in body["messages"]) > CONTEXT:
            said = "This model's maximum context length is 128000 tokens. However, your messages resulted in more."
            return refused(400, said, "invalid_request_error", "context_length_exceeded")
        problem = wrong_schema(body["response_format"])
        texts = json.loads(body["messages"][-1]["content"])
        judges = "second reader" in body["messages"][0]["content"]
        return problem or completion(self.judges(texts) if judges else self.says(texts))


def is_strict(schema: dict[str, Any]) -> bool:
    if schema["type"] == "array":
        return is_strict(schema["items"])
    if schema["type"] != "object":
        return schema["type"] == "string" and schema.keys() <= {"type", "enum"}
    exact = schema["additionalProperties"] is False and schema["required"] == list(schema["properties"])
    return exact and all(map(is_strict, schema["properties"].values()))


def wrong_schema(form: dict[str, Any]) -> Answer | None:
    """As strict structured outputs want it: every property required, and no others."""
    if form["type"] != "json_schema":
        return None
    wanted = form["json_schema"]
    named = wanted["strict"] is True and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", wanted["name"])
    good = named and wanted["schema"]["type"] == "object" and is_strict(wanted["schema"])
    return None if good else refused(400, "Invalid schema for response_format", "invalid_request_error")
