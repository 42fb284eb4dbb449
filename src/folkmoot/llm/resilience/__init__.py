"""What surrounds calls that may fail: asking again, breakers, turns, and the next model."""
