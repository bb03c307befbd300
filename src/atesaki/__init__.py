"""atesaki: mail that reaches only the person it is for."""
