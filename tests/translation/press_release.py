"""A press release with all that must not be lost: 30 links, 10 names, 20 figures, 6 quotations."""

from __future__ import annotations

from typing import Any

NAMES = (
    "Brightwater Mobility", "Helena Marchetti", "Oskar Lindqvist", "Tidewise Capital", "Priya Raghunathan",
    "Solvane Batteries", "HarborShuttle", "Kenji Morimoto", "Velorian Logistics", "Amara Okonkwo",
)  # fmt: skip

_SITE = "https://brightwater.example"


def _link(path: str, text: str) -> str:
    return f'<a href="{_SITE}/{path}">{text}</a>'


BODY = f"""
<p>{_link("", "Brightwater Mobility")} said on Tuesday that it will put 45 electric ferries into service in
{_link("harbours", "twelve harbours of southern Europe")} before the end of 2027. The company will invest
{_link("investors/plan", "€1.8 billion")} and expects to carry {_link("passengers", "32.5 million passengers")} a
year.</p>
<p>“{_link("interviews/marchetti", "The water is the oldest road of our cities")},” said
{_link("people/marchetti", "Helena Marchetti")}, chief executive of Brightwater Mobility. “We only had to make it
{_link("quiet", "quiet again")}.”</p>
<h2>{_link("ship", "A ship that charges in 14 minutes")}</h2>
<p>Each {_link("ship/harborshuttle", "HarborShuttle")} carries 180 people and {_link("ship/bicycles", "60 bicycles")}
and sails for 3.5 hours with one charge. Its {_link("ship/battery", "battery of 2,400 kilowatt hours")} comes from
{_link("partners/solvane", "Solvane Batteries")}, which opened
{_link("partners/solvane/plant", "a new plant in Valencia")} on March 5, 2026. The price
of a ticket will not exceed {_link("tickets", "$4.20")}.</p>
<ul>
<li>Noise falls by {_link("noise", "38%")} compared with {_link("diesel", "a diesel ferry")}.</li>
<li>The crew needs 25 days of training.</li>
<li>{_link("safety/report.pdf", "The safety report")} has 112 pages and 90 pictures.</li>
</ul>
<p>“Our passengers asked for {_link("timetable", "a boat every ten minutes")}, and they will get it,” said
{_link("people/lindqvist", "Oskar Lindqvist")}, head of operations. The first {_link("routes", "routes")} were tested
with 1,250 volunteers.</p>
<h2>{_link("finance", "Who pays for it")}</h2>
<p>{_link("partners/tidewise", "Tidewise Capital")} leads a group of lenders that gives the company
{_link("finance/loan", "a loan of $620 million")}. “The numbers are
{_link("finance/numbers", "better than those of buses")},” Priya Raghunathan said.
{_link("partners/velorian", "Velorian Logistics")} will use the ferries
at night and pays
{_link("finance/night", "€75 million")} for ten years.</p>
<p>“We looked at {_link("study", "a study of 17 harbours")} and saw the same thing everywhere,” said
{_link("people/morimoto", "Kenji Morimoto")}, an analyst. “People like {_link("people-like", "the wind")}.”</p>
<p>For more information write to {_link("contact", "the press office")} or ask Amara Okonkwo, spokesperson. Questions
are answered within 48 hours.</p>
"""

FIGURES = (
    "45", "2027", "€1.8 billion", "32.5 million", "14", "180", "60", "3.5", "2,400", "March 5, 2026", "$4.20", "38%",
    "25", "112", "1,250", "$620 million", "€75 million", "17", "48", "90",
)  # fmt: skip

DOCUMENT: dict[str, Any] = {
    "uri": "urn:newsml:brightwater.example:20260609:ferries",
    "language": "en",
    "headline": "Brightwater Mobility brings electric ferries to the harbours of southern Europe",
    "dateline": {"place": "Genoa", "date": "2026-06-09"},
    "issuer": {"name": "Brightwater Mobility", "url": _SITE},
    "body_html": BODY,
}
