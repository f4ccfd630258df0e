"""Label tables: CSV files and their arrays."""
