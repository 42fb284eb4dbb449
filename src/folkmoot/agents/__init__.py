"""Agents: what they are, which ones there are, and the executor of runs of kind `agent`.

Owns the way from a question to an answer: the graph of each agent, what a model is told, tools,
retrieved passages and their citations. History and retrieval come in through ports.
"""
