"""Which key an SFTP server shows, for `fanwire outlets hostkey`. Nobody is logged in."""

from __future__ import annotations

import re
from typing import Final

import pycurl

from tasks.delivery.files.file_server import check_server, place_of
from tasks.delivery.transfers.transfer import ErrorKind, Transfer
from tasks.policies import delivery_policy
from workers.marked_test import carry

NO_KEY: Final = "A" * 43
"""The fingerprint of a key that nobody has: a server that shows another gets nothing, and libcurl says which it was."""
_SHOWN: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


def shown_host_key(url: str) -> str:
    """The fingerprint of the key that the server of a URL shows; raises ValueError that says why there is none."""
    if not url.startswith("sftp://"):
        raise ValueError("is no address of an SFTP server, such as sftp://files.bote.example")
    check_server(url)
    answer = carry(
        Transfer(
            key=None,
            url=place_of(url).url,
            body=b"",
            deadline=delivery_policy().deadline,
            options=((pycurl.SSH_HOST_PUBLIC_KEY_SHA256, NO_KEY), (pycurl.USERNAME, "fanwire")),
        )
    )
    shown = _SHOWN.search(answer.error or "")
    if answer.error_kind is not ErrorKind.HOST_KEY or shown is None:
        raise ValueError(f"shows no key: {answer.error}")
    return shown[0]
