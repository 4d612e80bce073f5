"""`ninjs2`: an IPTC ninjs 2.2 item (JSON), for outlets that do not read 3.x yet.

The same item as `ninjs` with the names that 2.x has, which are in lower case; an embargo is `embargoed` there. An
association has no `rel`: its name says what it is.
"""

from __future__ import annotations

import json
from typing import Any

from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.formatting.formats.ninjs import item

SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_2.2.json"


def make(article: Article) -> bytes:
    """Write the article as compact JSON (ninjs 2.2) in UTF-8; parts that it does not have are left out."""
    made = _lower(item(article))
    made["standard"] = {"name": "ninjs", "version": "2.2", "schema": SCHEMA}
    if embargo := made.pop("embargoeduntil", None):
        made["embargoed"] = embargo
    for association in made.get("associations", ()):
        relation = association.pop("rel")
        if association["name"] == "source":
            association["name"] = relation
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _lower(value: Any) -> Any:
    """The value with all names of fields, at any depth, in lower case."""
    if isinstance(value, dict):
        return {name.lower(): _lower(inner) for name, inner in value.items()}
    return [_lower(inner) for inner in value] if isinstance(value, list) else value


FORMAT = Format(content_type="application/json; charset=utf-8", make=make, ending="ninjs2.json")
