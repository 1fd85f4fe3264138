"""The laboratory: scenarios, tables, learning, exact solutions, files. It knows nothing of Qt and runs in a notebook."""
