"""From sentence pairs to a checkpoint: prepare the corpus, train, average, export. Knows no Prefect."""
