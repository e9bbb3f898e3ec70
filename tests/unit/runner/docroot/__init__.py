"""Document roots of a jailed account, served by a real Apache."""
