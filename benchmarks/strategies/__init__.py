"""Ways of keeping glossary terms, one a module, to be compared by `benchmarks.glossary`."""
