"""What `folkmoot doctor` looks at. A check changes nothing and says how to mend what it finds."""
