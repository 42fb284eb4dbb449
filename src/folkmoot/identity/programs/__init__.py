"""What programs come in with: API keys and service accounts."""
