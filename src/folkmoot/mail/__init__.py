"""Letters to people: queued with the data they are about, sent by SMTP if a server is configured.

Owns the letters that wait. Whoever writes one calls `letters.post` and is done.
"""
