"""Instruments as data: their cameras, filters and numbers, one file each."""
