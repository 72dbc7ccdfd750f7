"""Why residents intend to take part in their smart city: cleaning, models, checks and report."""
