"""The local stack and the demo: everything of the product, on one machine, without Docker."""
