"""Translation memory: what was translated, what a human made of it, and what the machine wrote into each file."""

from translate.memory.store import Match, Memory, memory_path, open_memory
from translate.memory.units import Origin, Unit, digest, units_of

__all__ = ["Match", "Memory", "Origin", "Unit", "digest", "memory_path", "open_memory", "units_of"]
