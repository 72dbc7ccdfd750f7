"""Discrepancies between sample and implied moments, one module each."""
