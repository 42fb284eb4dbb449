"""Schedules: questions that are asked again and again, by the clock.

Owns schedules and their ticks. A tick is one moment at which a schedule was due, and what came of
it; there is one for each such moment, whichever process sees it first.
"""
