"""People whom an outside issuer vouches for (OpenID Connect): bearer tokens and signing in."""
