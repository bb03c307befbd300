"""How a service speaks with atesaki."""
