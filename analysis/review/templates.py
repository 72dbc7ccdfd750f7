"""Files to fill in from a PDF, by the kind of study."""

TEMPLATES: dict[str, str] = {}
