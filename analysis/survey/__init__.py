"""Survey responses in, clean responses and a full account of who was left out."""
