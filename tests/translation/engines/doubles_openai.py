"""A server with OpenAI's chat completions: key, schema, errors; its model says what a test has it say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

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


class OpenAIDouble(Loopback):
    def __init__(self) -> None:
        super().__init__()
        self.says: Callable[[dict[str, str]], str] = self.obeys
        """From the texts asked for to the content of the message."""

    def obeys(self, texts: dict[str, str]) -> str:
        return json.dumps({key: self.spoil(translated(text)) for key, text in texts.items()}, ensure_ascii=False)

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
        return problem or completion(self.says(texts))


def wrong_schema(form: dict[str, Any]) -> Answer | None:
    """As strict structured outputs want it: every property required, and no others."""
    if form["type"] != "json_schema":
        return None
    wanted = form["json_schema"]
    schema = wanted["schema"]
    good = (
        wanted["strict"] is True
        and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", wanted["name"])
        and schema["type"] == "object"
        and schema["additionalProperties"] is False
        and schema["required"] == list(schema["properties"])
    )
    return None if good else refused(400, "Invalid schema for response_format", "invalid_request_error")
