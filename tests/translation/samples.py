"""A release to translate, and engines that do to a text what bad engines do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tasks.translation.engines import Capabilities, Pair
from tasks.translation.engines.apertium import Apertium
from tasks.translation.pieces import Text, joined

APERTIUM_PAIRS = Apertium().pairs()

needs_apertium = pytest.mark.skipif(
    not {("en", "es"), ("en", "fr"), ("en", "pt"), ("id", "ms")} <= APERTIUM_PAIRS.keys(),
    reason="Debian's apertium-eng-spa, -es-pt, -fr-es and -ind-zlm are not installed",
)

BODY = """
<p>Norvik Tidal ASA (<a href="https://exchange.example/q?s=NVT&amp;m=OSE">OSE:NVT</a>) said on Monday that it has opened
<a href="https://norvik.example/plant" title="All about the plant">its first floating power plant</a> off the coast of
Portugal. The plant cost €3.2 billion and supplies 1,234.5 megawatts to 1.2 million people.</p>
<p>“We are very happy with the result,” said <a href="https://norvik.example/people/solheim">Ingrid Solheim</a>, chief
executive of Norvik Tidal. “It is <a href="https://norvik.example/step">a big step for <b>our customers</b></a>. What
comes next?”</p>
<h2>About the plant</h2>
<ul><li>The <a href="https://norvik.example/tech#SeaLoom">SeaLoom 3 turbines</a> turn 12.5% faster than <em>earlier
models</em>.</li><li>More than 300 people work near <a href="https://norvik.example/map">the coast</a>.</li>
<li><a href="https://norvik.example/report.pdf">Read the full report</a></li></ul>
<blockquote><p>"The sea is patient," Solheim said. "We have learned to be patient too!"</p></blockquote>
<table><tbody><tr><th>Year</th><th>Revenue</th></tr><tr><td>2025</td><td>$1,234.50</td></tr></tbody></table>
<p>The United Arab Emirates and <a href="https://gov.example/sa">Saudi Arabia</a> joined the
<a href="https://alliance.example/">alliance</a> on March 5, 2026. See
<a href="https://norvik.example/%C3%BC?x=1&amp;y=2">https://norvik.example/news</a> or write to
<a href="mailto:press@norvik.example">press@norvik.example</a> or call +47 22 00 11 22.</p>
<p><img src="https://norvik.example/sea.jpg" alt="The plant at sea"> The company expects revenue of $50 million next
year, and it will hire <strong>40 engineers</strong> in
<a href="https://norvik.example/jobs">its office in Lisbon</a>.</p>
"""

DOCUMENT: dict[str, Any] = {
    "uri": "urn:newsml:norvik.example:20260309:plant",
    "language": "en",
    "headline": "Norvik Tidal opens its first floating power plant in Portugal",
    "subheadline": "The plant serves 1.2 million people",
    "dateline": {"place": "Lisbon", "date": "2026-03-09"},
    "issuer": {"name": "Norvik Tidal ASA", "tickers": ["OSE:NVT"]},
    "contacts": [{"name": "Ingrid Solheim", "email": "press@norvik.example", "phone": "+47 22 00 11 22"}],
    "protect": ["SeaLoom 3"],
    "body_html": BODY,
}


class Stub:
    """An engine that changes every string of a unit with `change`, or the whole unit with `whole`."""

    name = "stub"

    def __init__(
        self,
        change: Callable[[str], str] = str,
        *,
        whole: Callable[[Text], Text] | None = None,
        inline: Any = "native",
        pair: Pair = ("en", "es"),
    ) -> None:
        self.capabilities = Capabilities(inline=inline)
        self.asked: list[Text] = []
        self._change, self._whole, self._pair = change, whole, pair

    def pairs(self) -> dict[Pair, int]:
        return {self._pair: 1}

    def model(self, source: str, target: str) -> str:
        return "stub 1"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        self.asked += units
        if self._whole:
            return [self._whole(unit) for unit in units]
        return [joined(self._change(piece) if isinstance(piece, str) else piece for piece in unit) for unit in units]
