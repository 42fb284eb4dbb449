"""Who may read and edit collections, and who may read a document: shown and changed."""
