"""What runs beside the way of a release: the sweep, embargoes, kills, imports of outlets, notices, reports."""
