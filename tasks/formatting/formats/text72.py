"""`text72`: the same as `text`, under the name that outlet documents used before `text` had lines of 72 columns."""

from __future__ import annotations

from tasks.formatting.formats import Format
from tasks.formatting.formats.text import make

FORMAT = Format(content_type="text/plain; charset=utf-8", make=make, ending="txt")
