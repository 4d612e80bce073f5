"""The work, in the order a release passes through it. Start reading at `tasks/pipeline.py`."""
