"""What models are used for, and what it costs: the ledger of their calls, prices and budgets.

Owns the ledger, the counters of budgets and what of them is reserved.
"""
