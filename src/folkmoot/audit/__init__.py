"""The audit trail: who did what to what, in a chain of hashes per organisation.

`trail.record` writes an event in the transaction of the action itself: both are kept, or neither.
"""
