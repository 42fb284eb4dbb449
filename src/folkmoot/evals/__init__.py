"""How well documents are found: labelled sets, evaluations of searches, and what they measure."""
