"""Chat models and embeddings that come as Python, behind our port; loaded when asked for."""
