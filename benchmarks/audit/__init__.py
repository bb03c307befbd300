"""How fast and in how much memory `atesaki audit` reads a large past: `python -m benchmarks.audit [--quick]`."""
