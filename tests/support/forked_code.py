"""`python -m tests.support.forked_code CODE`: for tests of what begins as a module."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    exec(sys.argv[1])
