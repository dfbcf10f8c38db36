"""The nouns of the field, as values: standard library only, no I/O."""
