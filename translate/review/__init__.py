"""The translator's review: what the machine wrote beside what a human made of it, segment by segment."""
