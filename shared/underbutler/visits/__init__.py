"""Visits: which exposures go together, what they have in common, what they cover of the sky."""
