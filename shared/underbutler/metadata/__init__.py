"""Metadata of raws: read from indexes, sidecars or headers, and translated."""
