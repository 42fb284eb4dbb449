"""Pictures and files that come with messages: looked at, kept, referred to, shown to models.

A message names what came with it; the bytes stand in the blob store and nowhere else.
"""
