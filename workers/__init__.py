"""The processes that do the work of `tasks/`: Celery workers, intake, clock, the producers' library and the CLI."""
