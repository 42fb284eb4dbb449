"""The model gateway: chat models and embedders behind two small ports.

Owns the wire formats of the providers, their transport and failures, and the choice of a model
by its name. It knows nothing of runs, agents or tenants: a request comes in, chunks go out.
"""
