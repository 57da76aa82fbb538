"""A folder of drafts with human versions, evaluated: tables for people, for scripts and for README."""
