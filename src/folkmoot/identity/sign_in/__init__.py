"""What lets people in: passwords, links, sessions, and what slows down who guesses."""
