"""From a file to text with pages and headings, in a child process that can be killed.

`parser` stands on our side; `child` and everything it loads run in the child and import nothing
of the application.
"""
