"""Figures: each draws frames into one picture; none computes a statistic."""
