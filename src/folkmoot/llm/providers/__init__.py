"""The wire formats: each module translates requests and reads answers, and knows no connection."""
