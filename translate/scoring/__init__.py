"""Scores against human versions: matching, metrics, history, gate, confidence."""
