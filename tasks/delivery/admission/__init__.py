"""Admission: which due deliveries may go now, by what all drains share about hosts and outlets."""
