"""The laboratory: scenarios, tables, learning, exact solutions, files. Knows nothing of Qt and runs in a notebook."""
