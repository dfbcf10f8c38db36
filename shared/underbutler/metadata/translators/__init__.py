"""Header translators of the Rubin Observatory's cameras, for astro_metadata_translator."""
