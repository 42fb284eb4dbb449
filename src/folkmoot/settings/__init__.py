"""How a deployment is configured: defaults, `folkmoot.yaml`, the environment, flags.

Settings of organisations, teams and users have their place here beside it.
"""
