"""Every draft of a repository that is new or has changed: found, translated, gated, written, summarised."""
