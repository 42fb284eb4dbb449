"""How documents come in: uploads and addresses, the runs that read them, their progress."""
