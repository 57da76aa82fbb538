"""A fuzzer for everything that reads what others wrote: ``python -m tests.fuzz --inputs 200000``."""
