"""What every HTTP face shares: problem details, permissions, units of work, middleware, SSE."""
