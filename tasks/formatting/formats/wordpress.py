"""`wordpress`: a post as the REST API of WordPress takes it (`POST /wp-json/wp/v2/posts`, JSON).

A kill or test has the status `draft`, everything else `publish`: whoever sends it finds the post that it replaces by
`slug`, which is the same in all versions, and trashes that of a kill. Categories, tags and the author are the outlet's
own. `meta` holds what WordPress has no field for; a site keeps of it only what it has registered. `fanwire_media` is
for whoever sends the post, and not for the site: by the id of each file, its address as the content has it, so that one
who uploads the files can put the site's own addresses there. The first picture is the one to feature.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from markupsafe import escape

from tasks.formatting import feed
from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.formatting.formats.html import metadata
from tasks.formatting.fragment import fragment
from tasks.formatting.media_html import shown_at
from tasks.runtime import moments

DIGITS = 16
"""Hexadecimal digits in a slug: so many that no producer finds a URI whose post takes the place of another one's."""
LONGEST_SLUG = 120
"""Characters of a slug without its digest; WordPress takes 200 bytes."""


def make(article: Article) -> bytes:
    """Write the article as a JSON object in UTF-8; fields that it does not have are left out."""
    made = {name: value for name, value in _post(article).items() if value is not None}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _post(article: Article) -> dict[str, Any]:
    return {
        "title": str(escape(feed.title(article))),
        "content": _without_shortcodes(str(fragment(article, headline=False, srcset=False))),
        "excerpt": str(escape(feed.summary(article) or "")),
        "status": "publish" if article.action in ("publish", "correct") else "draft",
        "slug": _slug(article.uri),
        "date_gmt": moments.utc(article.first_received).removesuffix("Z") if article.first_received else None,
        "meta": _meta(article),
        "fanwire_media": {item.id: shown_at(item) for item in article.media} or None,
    }


def _without_shortcodes(html: str) -> str:
    """HTML in which a site finds no command of its plugins, which stand in brackets: readers see the same."""
    return html.replace("[", "&#91;")


def _slug(uri: str) -> str:
    """A name of letters and digits for the post's address, with a digest, so that no two URIs share one."""
    words = re.sub(r"[^a-z0-9]+", "-", uri.lower().removeprefix("urn:newsml:")).strip("-")
    return f"{words[:LONGEST_SLUG].rstrip('-')}-{hashlib.sha256(uri.encode()).hexdigest()[:DIGITS]}"


def _meta(article: Article) -> dict[str, str]:
    """Texts by key: programs' fields as in the head of `html`, the rest as in the format `json`."""
    found = {
        **{name.replace(":", "_").replace("-", "_"): value for name, value in metadata(article).items()},
        "fanwire_release": article.release.uri,
        "fanwire_action": article.action,
        "fanwire_language": article.language,
        "fanwire_notice": article.lead,
        "fanwire_correction_note": article.note,
        "fanwire_dateline": article.dateline.strip(),
        "fanwire_rights": article.release.rights,
    }
    return {name: value for name, value in found.items() if value}


FORMAT = Format(content_type="application/json; charset=utf-8", make=make, ending="wordpress.json")
