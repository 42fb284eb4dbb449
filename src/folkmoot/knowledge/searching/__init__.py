"""How passages are found: by words and by meaning, and in which order they are given."""
