"""Readers of documents for tests that are not about how these start: forked from the fork server of tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.forks import asking_the_server
from tests.support.samples import release
from workers.document_reader import DocumentReader


@contextmanager
def warm_reader() -> Iterator[DocumentReader]:
    """A DocumentReader whose first reader has read a document and whose spare one is there; it ends with them."""
    reader = DocumentReader()
    try:
        with asking_the_server():
            reader.read(release().to_json().encode())
        yield reader
    finally:
        reader.close()
