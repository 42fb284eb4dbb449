"""Accounts, and the personal data that are kept of people: exported and erased."""
