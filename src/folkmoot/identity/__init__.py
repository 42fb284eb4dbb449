"""Who may come in and what they may do: users, organisations, memberships, credentials.

Owns these tables, the access and refresh tokens, and the map from roles to permissions. Everybody
else meets an authenticated caller as a `kit.subject.Subject`.
"""
