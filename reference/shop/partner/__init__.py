"""Oscar's partner app with the shop's prices (`strategy`): forked as Oscar's documentation says."""
