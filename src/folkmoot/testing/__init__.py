"""For tests, also of those who build on Folkmoot: a fake model provider spoken to over real HTTP.

Shipped with the package; nothing in the running platform uses it.
"""
