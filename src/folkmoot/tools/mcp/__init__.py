"""The MCP client: servers that people name, their tools, and the connections to them.

Owns which servers there are and for whom, what they list, and what somebody has looked at of that.
What a server says is a stranger's word: it is bounded, and trusted with nothing.
"""
