"""A plug-in for an instrument nobody described, drafted from examples of its files."""
