"""The client: repositories, datasets, queries, in the Butler's words."""
