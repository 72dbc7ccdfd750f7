"""The report: reads results, never fits; rounds, draws and writes them. ``writer`` writes what ``content`` holds."""
