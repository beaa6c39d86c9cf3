"""The benchmarks behind the speed figures of the README."""
