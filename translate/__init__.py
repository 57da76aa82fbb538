"""English Markdown drafts in, bilingual Brazilian Portuguese Markdown out."""

__version__ = "0.1.0"
