"""`Idempotency-Key`: what is sent twice is done once, and answered twice (draft-ietf-httpapi).

Owns the keys of the last 24 hours with the answers they got, encrypted. A slice makes the POSTs of
a router repeatable by `APIRouter(route_class=Idempotent)` (`http/idempotent.py`).
"""
