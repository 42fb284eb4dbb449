"""How texts are cut, embedded and put where searches find them."""
