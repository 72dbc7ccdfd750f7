"""What compares models with expectations and with one another: hypotheses, rivals, recovery of a population."""
