"""What people do to get in, stay in and leave: the parts of the service."""
