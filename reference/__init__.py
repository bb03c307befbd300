"""A supermarket and an ID service that know atesaki only through its doors."""
