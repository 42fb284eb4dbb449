"""The ground floor: identifiers, time, errors, pages, secrets in text. Knows nothing of ours."""
