"""Folkmoot: a multi-tenant platform for AI agents in which a run is its event log."""
