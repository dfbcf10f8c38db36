"""Notifications of object stores, read into one form. Pure: no I/O."""
