"""What runs beside the way of a release: the sweep, embargoes, notices, reports."""
