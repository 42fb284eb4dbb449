"""Organisations and their teams, and who is in them."""
