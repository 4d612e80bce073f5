"""The package index: a JSON list of models, as Argos publishes it, and which of them lead from one language to others.

    [{"package_version": "1.9", "argos_version": "1.9.0", "from_code": "en", "from_name": "English", "to_code": "fr",
      "to_name": "French", "code": "translate-en_fr", "links": ["https://…/translate-en_fr-1_9.argosmodel"]}, …]

An index of one's own may also say `size` (bytes), `sha256` (of the archive) and `license`; Argos' says none of them.
Links may be relative to the index. An entry that cannot be used (another type, a code that is no language, no link over
HTTP) is left out: one bad entry must not hide all others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from tasks.model.languages import LanguageTag
from tasks.translation.engine_support.model_files import numbers, tag_of
from tasks.translation.engines import Pair
from tasks.translation.routing import pair_for
from workers.models import ModelRefused

ARGOS = "https://raw.githubusercontent.com/argosopentech/argospm-index/main/index.json"
"""Where the index is if nobody names another one."""
MAX_INDEX = 4 * 1024 * 1024
"""Bytes; Argos' has 33,000."""
MAX_ENTRIES = 20_000
ENGLISH = "en"
"""By way of which `ct2` translates where there is no model for a pair."""
_CODE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LICENCE_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Package:
    """A model that the index has."""

    pair: Pair
    name: str
    """Such as `translate-en_fr-1_9`; made of codes and version alone, so it is safe as the name of a folder."""
    version: str
    links: tuple[str, ...]
    """Addresses (http, https) of the same archive."""
    size: int | None = None
    """Bytes of the archive, if the index says them."""
    sha256: str | None = None
    licence: str | None = None
    """As the index says it."""


def read_index(content: bytes, address: str) -> list[Package]:
    """The models of an index for one pair each, of several for a pair the one of the highest version.

    Raises ModelRefused for what is no index, or has no model that can be used.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ModelRefused(f"{address} is no package index: it is no JSON") from None
    if not isinstance(found, list) or len(found) > MAX_ENTRIES:
        raise ModelRefused(f"{address} is no package index: it must be a list of at most {MAX_ENTRIES:,} models")
    best: dict[Pair, Package] = {}
    for package in sorted(filter(None, (_package(entry, address) for entry in found)), key=_order):
        best[package.pair] = package
    if not best:
        raise ModelRefused(f"{address} has no model that can be used (of {len(found):,} entries)")
    return list(best.values())


def _order(package: Package) -> list[int]:
    return numbers(package.version)


def _package(entry: Any, address: str) -> Package | None:
    """The model that an entry describes; None for one that cannot be used."""
    if not isinstance(entry, dict) or entry.get("type") not in (None, "translate"):
        return None
    said = [entry.get(name) for name in ("from_code", "to_code", "package_version")]
    source, target, version = (value if isinstance(value, str) else "" for value in said)
    links = entry.get("links")
    if not (_CODE.fullmatch(source) and _CODE.fullmatch(target) and _VERSION.fullmatch(version)):
        return None
    if not isinstance(links, list) or not (usable := tuple(_usable(links, address))):
        return None
    try:
        pair = tag_of(source), tag_of(target)
    except ValueError:
        return None
    size, digest, licence = entry.get("size"), str(entry.get("sha256") or "").lower(), entry.get("license")
    return Package(
        pair=pair,
        name=f"translate-{source}_{target}-{version.replace('.', '_')}",
        version=version,
        links=usable,
        size=size if isinstance(size, int) and size > 0 else None,
        sha256=digest if _SHA256.fullmatch(digest) else None,
        licence=licence[:_LICENCE_SHOWN] if isinstance(licence, str) and licence else None,
    )


def _usable(links: Iterable[Any], address: str) -> Iterable[str]:
    """The links that can be asked; none that leads from an index behind TLS out of it."""
    schemes = ("https",) if urlsplit(address).scheme == "https" else ("https", "http")
    for link in links:
        if not isinstance(link, str):
            continue
        try:
            whole = urljoin(address, link)
            if urlsplit(whole).scheme in schemes and urlsplit(whole).hostname:
                yield whole
        except ValueError:
            continue


def mirrored(package: Package, mirror: str) -> tuple[str, ...]:
    """Where an archive is on a mirror: the file of each link, by its name, under the mirror's address."""
    names = dict.fromkeys(urlsplit(link).path.rpartition("/")[2] for link in package.links)
    return tuple(f"{mirror.rstrip('/')}/{name}" for name in names if name)


def leading(packages: Sequence[Package], source: str, target: str) -> list[Package]:
    """The models that lead from one language to another: one, or two by way of English; none if there is no way."""
    by_pair = {package.pair: package for package in packages}

    def direct(one: str, other: str) -> list[Package]:
        pair = pair_for(by_pair, one, other)
        return [by_pair[pair]] if pair else []

    if way := direct(source, target):
        return way
    into, out_of = direct(source, ENGLISH), direct(ENGLISH, target)
    return [*into, *out_of] if into and out_of else []


def targets(packages: Iterable[Package], source: str) -> list[str]:
    """The languages that models lead to from a language, directly or by way of English, as tags in their order."""
    tag = LanguageTag(source)
    from_it = {other for one, other in (package.pair for package in packages) if LanguageTag(one).serves(tag)}
    if ENGLISH in from_it:
        from_it |= {other for one, other in (package.pair for package in packages) if one == ENGLISH}
    return sorted(from_it - {source})
