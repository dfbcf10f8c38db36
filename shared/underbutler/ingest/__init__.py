"""Ingest: from events of a bucket to registered datasets."""
