"""The ways in: each face translates a protocol into the services below and keeps no state."""
