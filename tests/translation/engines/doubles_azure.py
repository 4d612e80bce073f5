"""Azure Translator as its reference describes it: both bodies, limits, keys, quota, and its error codes."""

from __future__ import annotations

from .loopback import Answer, Asked, Loopback, answer, translated_html

KEY, REGION = "azure-key-1f2e3d4c5b6a", "westeurope"
LANGUAGES = {"en", "es", "de", "ar", "pt", "pt-pt", "zh-Hans", "zh-Hant"}


def refused(code: int, message: str, **headers: str) -> Answer:
    return answer(code // 1000, {"error": {"code": code, "message": message}}, **headers)


class AzureDouble(Loopback):
    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("ocp-apim-subscription-key") != KEY:
            return refused(401000, "The request is not authorized because credentials are missing or invalid.")
        if asked.headers.get("ocp-apim-subscription-region") != REGION:
            return refused(401000, "The request is not authorized because credentials are missing or invalid.")
        if asked.path != "/translate":
            return answer(404, {"error": {"code": "404", "message": "Resource not found"}})
        if asked.query.get("api-version") == "3.0":
            return self._v3(asked)
        if asked.query.get("api-version") == "2026-06-06":
            return self._v2026(asked)
        return refused(400021, "The API version parameter is missing or invalid.")

    def _v3(self, asked: Asked) -> Answer:
        if asked.query.get("textType") != "html":
            return refused(400071, "The value is not valid for TextType.")
        texts = [one["Text"] for one in asked.json]
        problem = limits(texts, asked.query.get("from"), asked.query.get("to"))
        to = asked.query.get("to")
        return problem or answer(200, [{"translations": [{"text": text, "to": to}]} for text in self._all(texts)])

    def _v2026(self, asked: Asked) -> Answer:
        inputs = asked.json["inputs"]
        if any(one["textType"] != "Html" or len(one["targets"]) != 1 for one in inputs):
            return refused(400000, "One of the request inputs is not valid.")
        texts, target = [one["text"] for one in inputs], inputs[0]["targets"][0]
        problem = limits(texts, inputs[0]["language"], target["language"])
        value = [{"translations": [{"language": target["language"], "text": text}]} for text in self._all(texts)]
        return problem or answer(200, {"value": value})

    def _all(self, texts: list[str]) -> list[str]:
        return [self.spoil(translated_html(text)) for text in texts]


def limits(texts: list[str], source: str | None, target: str | None) -> Answer | None:
    if source not in LANGUAGES:
        return refused(400035, "The source language is not valid.")
    if target not in LANGUAGES:
        return refused(400036, "The target language is not valid.")
    if len(texts) > 1_000:
        return refused(400072, "The array of input text has too many elements.")
    if sum(map(len, texts)) > 50_000:
        return refused(400077, "The maximum request size has been exceeded.")
    return None
