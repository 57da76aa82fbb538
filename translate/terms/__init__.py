"""The glossary over documents: prose without markup, mining, audits of translations."""
