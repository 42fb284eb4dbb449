"""What platform admins see of the work of a deployment, and do about it: its jobs and its runs.

Owns no table. What it shows of runs is where they stand, never what is said in them.
"""
