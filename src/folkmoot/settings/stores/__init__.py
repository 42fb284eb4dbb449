"""Where secrets are kept: sealed in our database, or in Infisical."""
