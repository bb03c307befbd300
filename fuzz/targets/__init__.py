"""What is fed. Each function takes any octets, and raises where something does not hold that must."""
