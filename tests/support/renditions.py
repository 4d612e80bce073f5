"""What a receiver reads of a rendition in any format, for tests that ask whether words arrive."""

from __future__ import annotations

import email
import email.policy
import re

from tasks.formatting import FORMATS


def words(format: str, body: bytes) -> str:
    """The rendition as text; of an e-mail, its headers and its parts as a mail program decodes them; lines of so many
    columns as one."""
    if format in ("text", "text72"):
        return re.sub(r"\n *", " ", body.decode())
    if format != "email":
        return body.decode()
    message = email.message_from_bytes(body, policy=email.policy.default)
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in message.items()), *parts])


def one_of(*more: str) -> str:
    """The formats as messages list them: `'html', 'ninjs' or 'text'`; `more`: of packages."""
    *first, last = (f"'{name}'" for name in sorted([*FORMATS.all(), *more]))
    return f"{', '.join(first)} or {last}"
