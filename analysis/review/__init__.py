"""Published tables against themselves: which printed numbers can follow from the others, and which cannot."""
