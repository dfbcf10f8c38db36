"""The registry in a relational database: PostgreSQL, or SQLite on a laptop."""
