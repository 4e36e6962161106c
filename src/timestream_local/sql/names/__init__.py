"""Every name of a query bound to what it stands for."""
