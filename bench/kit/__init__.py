"""What the benchmarks share: a provider that costs nothing, a client that costs little, a scale."""
