"""What models are used for, and what it costs: the ledger of their calls, and prices."""
