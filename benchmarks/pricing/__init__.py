"""What `bench_pricing.py` measures: one idea to a module, rivals apart."""
