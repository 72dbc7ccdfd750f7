"""Second opinions: other programs fit what we fitted, and every number is set beside ours."""
