"""Webhooks: who wants to be told of what, and bringing them the news, signed and at least once.

Rows tell what has happened: triggers note it in the transaction that does it. From there it goes to
everybody who listens, behind the back of whoever did it.
"""
