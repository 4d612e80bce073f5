"""What an address in running text looks like: of the web, or for e-mail. Nothing else in the house knows it."""

from __future__ import annotations

import re

URL = r"(?:https?://|www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*[A-Za-z0-9/_~=%&#-]"
"""All that RFC 3986 allows, without a full stop or bracket at the end, which belongs to the sentence."""
EMAIL = r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]++@[A-Za-z0-9\-]++(?:(?=\.[A-Za-z0-9\-])\.[A-Za-z0-9\-]++)++"
_ZONES = "com|org|net|example|io|info|biz|gov|edu|int|eu|de|fr|es|pt|uk|jp|kr|cn|id|my|vn|th|ae|sa|ru|br|mx"
_LABEL = r"[a-z0-9]++(?:-++[a-z0-9]++)*"
_ZONE = "|".join(rf"(?<=\.{zone})" for zone in _ZONES.split("|"))
DOMAIN = rf"(?<![\w.@/-]){_LABEL}(?:(?=\.[a-z0-9])\.{_LABEL})++(?:{_ZONE})(?:/[\w\-./?=&%#]*[\w/])?(?![\w.-]*\w)"
"""A web address without its scheme, in a zone that is known: `acme.com/news`."""
_ADDRESS = re.compile(f"{URL}|{EMAIL}")


def addresses_in(words: str) -> list[str]:
    """Every web and e-mail address among some words, as it stands there, in order."""
    return _ADDRESS.findall(words) if _may_have(words) else []


def without_addresses(words: str) -> str:
    """The words without addresses, which belong to no language; a space stands for each."""
    return _ADDRESS.sub(" ", words) if _may_have(words) else words


def _may_have(words: str) -> bool:
    """Whether it is worth looking: most sentences have no address, and all are asked several times."""
    return "://" in words or "www." in words or "@" in words
