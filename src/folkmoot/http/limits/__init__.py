"""How much may be asked: rate limits for addresses, users, API keys and organisations.

Owns the counters, which all processes share, and their headers. What the limits are is configured.
"""
