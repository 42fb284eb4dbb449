"""What answers and compares texts without any model."""
