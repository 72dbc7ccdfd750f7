"""Resampling: draws, refits in stacks or one by one, intervals."""
