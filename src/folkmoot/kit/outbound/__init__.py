"""The one door to addresses that somebody else has named: what may be reached, and how far.

Webhooks, imports, MCP servers and the fetch tool go through it. A name is looked up once, and the
address that was checked is the one that is connected to; every redirect is checked like the first
address. Whatever can not or may not be reached is answered alike.
"""
