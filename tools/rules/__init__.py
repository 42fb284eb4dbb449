"""Rules of this project that no general linter knows. Each tells the accident that it prevents."""
