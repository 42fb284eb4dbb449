"""From a credential to the subject it acts for, and what counts at the moment."""
