"""The AG-UI face (protocol 1.0): `RunAgentInput` in, events by SSE out.

A translator and nothing more: a turn is opened by `conversations`, and what comes out is the run's
event log, one frame for each event.
"""
