"""What a fetch would do: which models are wanted, how large they are, and what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.language_data import known_languages
from tasks.model.languages import LanguageTag
from tasks.translation.engine_support.model_files import SUFFIX, Found, numbers
from tasks.translation.engines import Pair
from workers.models import WORK, ModelRefused, install
from workers.models.download import arrived, size_of
from workers.models.index import Package, leading, mirrored, targets


@dataclass(frozen=True, kw_only=True)
class Step:
    """One model to download and install."""

    package: Package
    links: tuple[str, ...]
    """Where its archive is; the first one has answered."""
    size: int | None
    """Bytes of the archive, as the index or the server says."""
    archive: Path
    """Where the download goes."""
    replaces: list[Found]

    @property
    def left(self) -> int:
        """Bytes that are still to be downloaded."""
        return max(0, (self.size or 0) - arrived(self.archive))


@dataclass
class Plan:
    """What a fetch would do."""

    steps: list[Step] = field(default_factory=list)
    present: list[Found] = field(default_factory=list)
    """Models that are wanted and in place already, in this version or a higher one."""
    missing: list[str] = field(default_factory=list)
    """Languages of ours to which the index has no way."""


def wanted(
    packages: Sequence[Package], source: str, languages: Sequence[str], *, both: bool
) -> tuple[list[Package], list[str]]:
    """The models that lead from `source` to languages, with `both` also the other way, each once; and the languages to
    which none lead.

    Without `languages`: all of Fanwire's. Raises ModelRefused for a language that was asked for and cannot be had.
    """
    asked = [language for language in languages or known_languages() if language != source]
    found: dict[Pair, Package] = {}
    missing = []
    for language in asked:
        way = leading(packages, source, language)
        back = leading(packages, language, source) if both else []
        if not way or (both and not back):
            missing.append(language)
        if way:
            found |= {package.pair: package for package in (*way, *back)}
    if languages and missing:
        raise ModelRefused(_no_way(packages, source, missing, both=both))
    return list(found.values()), missing


def _no_way(packages: Sequence[Package], source: str, missing: Sequence[str], *, both: bool) -> str:
    known = targets(packages, source)
    there = f"it has models from {source} to {', '.join(known)}" if known else f"it has no model from {source}"
    back = " and back" if both else ""
    return (
        f"the index has no model from {source} to {', '.join(missing)}{back}; {there}. Others can be converted "
        "(docs/translation.md, Models)"
    )


def plan(packages: Iterable[Package], folder: Path, mirror: str | None) -> Plan:
    """What is to be downloaded for some models, and what is there; asks the servers for sizes. Raises ModelRefused."""
    there, _ = install.there(folder)
    found = Plan()
    for package in packages:
        of_pair = [model for model in there if model.pair == package.pair]
        if held := next((model for model in of_pair if model.order >= numbers(package.version)), None):
            found.present.append(held)
            continue
        links, size = _reached(package, mirrored(package, mirror) if mirror else package.links)
        archive = folder / WORK / f"{package.name}{SUFFIX}"
        found.steps.append(Step(package=package, links=links, size=size, archive=archive, replaces=of_pair))
    return found


def _reached(package: Package, links: tuple[str, ...]) -> tuple[tuple[str, ...], int | None]:
    """The links with one that answers first, and the size of the archive there."""
    problem = ModelRefused(f"the index has no address for {package.name}")
    for link in links:
        try:
            size = size_of(link)
        except ModelRefused as refused:
            problem = refused
            continue
        if package.size and size and size != package.size:
            problem = ModelRefused(f"{package.name} has {size:,} bytes, and {package.size:,} by the index")
            continue
        return (link, *(other for other in links if other != link)), size or package.size
    raise problem


def disk_needed(steps: Sequence[Step]) -> int:
    """Bytes that a fetch needs at most at one time: what is installed, and the largest archive beside it.

    An archive of weights is hardly smaller than what is in it.
    """
    sizes = [step.size or 0 for step in steps]
    return sum(sizes) * 12 // 10 + max(sizes, default=0)


def tag(language: str) -> LanguageTag:
    """A language as somebody typed it; raises ModelRefused."""
    try:
        return LanguageTag(language)
    except ValueError as error:
        raise ModelRefused(str(error)) from None
