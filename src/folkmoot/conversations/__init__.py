"""Conversations: threads of messages between a user and agents.

Owns both tables and the way a turn is opened. What agents say gets here as a projection of the
event log of their runs, in the transaction that commits it.
"""
