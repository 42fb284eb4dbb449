"""Connections to providers: one pool, time limits, and what refusals mean."""
