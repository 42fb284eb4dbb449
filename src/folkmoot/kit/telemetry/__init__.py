"""What an operator sees: ids on everything, log lines, metrics and traces.

`context` carries the ids, `logs`, `metrics` and `tracing` are the three outlets. Nothing here costs
anything per token, and traces cost nothing at all until a collector is configured.
"""
