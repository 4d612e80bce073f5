"""Prospects: whom a release would reach now, what of it would be held and why, and who would not get it at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

from sqlalchemy import Connection

from tasks import planning
from tasks.building.translators import awaits_editor, translators
from tasks.formatting import FORMATS, HouseTextMissing, house_text
from tasks.ledger import outlet_profiles, outlets
from tasks.model.documents import DocumentRefused
from tasks.model.outlet import Outlet
from tasks.model.release import Release, supplied
from tasks.planning import Match, Policy
from tasks.runtime import moments
from tasks.runtime.errors import Problem
from tasks.runtime.plugins import NotRegistered, PluginBroken


@dataclass
class Held:
    """Deliveries that one reason holds."""

    deliveries: int = 0
    languages: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Prospects:
    """What would become of a release, outlet by outlet."""

    matches: list[Match]
    holds: dict[tuple[str, str], str]
    """(outlet, language) of what cannot leave now, and why."""
    everyone: int | None = None
    """How many outlets there are, if the matches are not all of them."""

    def leaves(self, match: Match) -> list[str]:
        """The languages in which an outlet gets the release now."""
        return [language for language in match.languages if (match.outlet.id, language) not in self.holds]

    @property
    def held(self) -> dict[str, Held]:
        """What cannot leave now, by the reason, the commonest first."""
        found: dict[str, Held] = {}
        counts = {match.outlet.id: match.count for match in self.matches}
        for (outlet_id, language), reason in self.holds.items():
            held = found.setdefault(reason, Held())
            held.deliveries += counts[outlet_id]
            held.languages.add(language)
        return dict(sorted(found.items(), key=lambda one: -one[1].deliveries))

    @property
    def refused(self) -> Counter[str]:
        """Why outlets do not get it in a language or at all, as the ends of "the outlet …": how many for each."""
        return Counter(why for match in self.matches for why in set(match.refused.values()))

    def to_dict(self) -> dict[str, Any]:
        """For programs: how many outlets and deliveries there are that can leave now, to how many outlets only in some
        of their languages, and what is held."""
        leaving = [(match, languages) for match in self.matches if (languages := self.leaves(match))]
        counted: Counter[str] = Counter()
        for match, languages in leaving:
            for language in languages:
                counted[language] += match.count
        return {
            "outlets": sum(match.count for match, _ in leaving),
            "in_part": sum(match.count for match, languages in leaving if languages != match.languages),
            "of": len(self.matches) if self.everyone is None else self.everyone,
            "deliveries": counted.total(),
            "languages": dict(sorted(counted.items())),
            "held": [
                {"reason": reason, "deliveries": held.deliveries, "languages": sorted(held.languages)}
                for reason, held in self.held.items()
            ],
        }


def prospects(
    connection: Connection,
    release: Release,
    *,
    policy: Policy,
    now: float,
    texts: Mapping[str, str | None] | None = None,
    planned: Mapping[tuple[str, str], bool] | None = None,
    quick: bool = False,
    alike: bool = False,
) -> Prospects:
    """What would become of a release, which need not be in the ledger, as outlets and engines stand now.

    `policy`: which languages a person must approve. `now`: seconds since the epoch. `texts`: what building has come to
    already: {language: why its translation is held or waits, or None if it may go out}. `planned`: {(outlet, language):
    whether it ended because the outlet was removed} of all its deliveries; None: it is not planned yet.
    `quick`: a draft may turn out to be what people approved before; nobody looks (building.translators.awaits_editor).
    `alike`: outlets that are alike stand as one, and those that do not get it are left out.
    """
    matches = planning.audience_alike(connection, release) if alike else planning.audience_of(connection, release)
    everyone = outlets.count(connection) if alike else None
    why = _why(release, policy, now, texts or {}, quick=quick)
    holds = {
        (match.outlet.id, language): reason
        for match in matches
        for language in match.languages
        if (reason := _not_planned(planned, match.outlet.id, language) or why(match.outlet, language))
    }
    return Prospects(matches, holds, everyone)


def _not_planned(planned: Mapping[tuple[str, str], bool] | None, outlet_id: str, language: str) -> str | None:
    """Why an outlet that fits gets nothing of a release that is planned; None if it has its delivery."""
    if planned is None:
        return None
    ended = planned.get((outlet_id, language))
    if ended is None:
        return "the outlet fits only since the release was planned"
    return "its delivery ended when the outlet was removed; `fanwire replay` sends it" if ended else None


def _why(
    release: Release, policy: Policy, now: float, texts: Mapping[str, str | None], *, quick: bool
) -> Callable[[Outlet, str], str | None]:
    """Why a delivery cannot leave now; None if it can."""
    embargo = release.embargo_until
    until = f"embargo until {moments.with_utc(embargo)}" if embargo and release.embargoed_at(now) else None
    approval, written = planning.to_approve(release, policy), cache(lambda language: supplied(release, language))
    text = cache(lambda language: _text_missing(release, language, texts, quick=quick))
    form = cache(_format_missing)

    def why(outlet: Outlet, language: str) -> str | None:
        if outlet.status != "active":
            return f"outlet {outlet.status}"
        missing = until or text(language) or form(outlet.format)
        if missing or written(language) is not None:
            return missing
        return "a person must approve the translation" if approval(outlet, language) else None

    return why


def _text_missing(release: Release, language: str, texts: Mapping[str, str | None], *, quick: bool) -> str | None:
    """Why there can be no text in a language."""
    if release.status == "canceled":
        return None
    translation = supplied(release, language)
    if translation is None and (language not in texts or texts[language]):
        try:
            engines = translators(release, language)
        except DocumentRefused:  # what is wrong with it is for operations, and producers read this too
            return "the translation file cannot be read"
        if not engines:
            return f"no engine for {release.language}→{language}"
        if held := texts.get(language) or awaits_editor(release, language, quick=quick):
            return held
    try:
        house_text(translation.written_in if translation else language)
    except HouseTextMissing as error:
        return f"no house texts in {error.language}"
    return None


def _format_missing(format: str) -> str | None:
    """Why nothing can be set in a format."""
    try:
        FORMATS.get(format)
    except (NotRegistered, PluginBroken) as error:
        return str(error)
    return None


def warnings(found: Prospects, release: Release, *, for_operations: bool = False) -> list[Problem]:
    """What a producer probably did not mean: circuits and countries in which nobody is, and a release for nobody.

    `for_operations`: with the names of circuits that may be meant, which are not every producer's to know.
    """
    if release.status == "canceled" or not found.matches:  # a wire without outlets is no fault of a release
        return []
    if found.everyone is not None:  # `sums` found somebody everywhere
        return []
    reached = [match.outlet for match in found.matches]
    known = {
        "circuits": {circuit for outlet in reached for circuit in outlet.circuits},
        "countries": {str(outlet.country) for outlet in reached},
    }
    problems = [
        Problem(name, f"no outlet is in {value!r}{_perhaps(value, known[name]) if for_operations else ''}")
        for name, values in (("circuits", release.circuits), ("countries", release.countries))
        for value in values
        if value not in known[name]
    ]
    return problems if any(match.languages for match in found.matches) else [*problems, _nobody(found, release)]


def sums(connection: Connection, release: Release, *, policy: Policy, now: float) -> Prospects:
    """What `prospects` comes to for a receipt, without looking at each outlet if the release needs no warning."""
    if release.version == 1 and release.status != "canceled" and outlet_profiles.anybody_in(connection, release):
        found = prospects(connection, release, policy=policy, now=now, quick=True, alike=True)
        if found.matches:
            return found
    return prospects(connection, release, policy=policy, now=now, quick=True)


def _perhaps(value: str, known: set[str]) -> str:
    near = get_close_matches(value, sorted(known), n=1)
    return f"; perhaps {near[0]!r} is meant" if near else ""


def _nobody(found: Prospects, release: Release) -> Problem:
    """A release that goes to nobody, and the field that may be the reason."""
    field = next((name for name in ("circuits", "countries", "topics") if getattr(release, name)), "language")
    counted = ", ".join(f"{why} ({n:,})" for why, n in found.refused.most_common())
    count = len(found.matches)
    of = f"{count:,} outlet{'s' * (count != 1)}"
    return Problem(field, f"goes to 0 of {of}, because the outlet {counted}")
