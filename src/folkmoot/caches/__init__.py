"""Answers of models that are given again: to the same question, to one like it, to many at once.

Owns the answers that are kept, and those that are on their way in this process.
"""
