"""The termbase: what must stay in English, where it occurs and whether it survived. A leaf package."""
