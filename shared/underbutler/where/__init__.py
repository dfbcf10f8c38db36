"""The query language of ``where``: its grammar and its expression tree. Pure."""
