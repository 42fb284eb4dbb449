"""Where events go besides: each sink takes them in order and at least once."""
