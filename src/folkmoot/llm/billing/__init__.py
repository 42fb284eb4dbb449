"""What calls use, and who pays for it."""
