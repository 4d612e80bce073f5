"""`python -m workers.reader_process MEMORY SECONDS`: the process in which document_reader.py has documents read."""

from __future__ import annotations

import sys

from workers.imports import all_to_stay

if __name__ == "__main__":
    with all_to_stay():
        from workers.document_reader import main
    main(int(sys.argv[1]), float(sys.argv[2]))
