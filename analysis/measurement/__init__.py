"""Scale quality: how items are distributed and how well scales measure what they are for."""
