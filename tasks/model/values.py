"""Kinds of values that fields of several documents have: lines, slugs, web addresses."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from tasks.runtime.errors import pattern

ONE_LINE = pattern(r"^[^\r\n]*$", "must be a single line")
WEB = pattern(r"^https?://\S+$", "must be a web address, http:// or https://")


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", value):
        raise ValueError("must be lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit")
    return value


Slug = Annotated[str, Field(min_length=1, max_length=100, examples=["dach-business"]), AfterValidator(_slug)]
Line = Annotated[str, Field(min_length=1, max_length=500, pattern=ONE_LINE)]
