"""What is remembered of people, teams and organisations beyond their conversations.

It owns memories with their vectors, and the turns from which some are still to be read. Turns are
told what fits their question; a job reads conversations when they have come to rest.
"""
