"""The web console: serves the files that `hatch_build.py` made of the sources in `console/`.

Owns no data. The page talks to the same API as everybody else.
"""
