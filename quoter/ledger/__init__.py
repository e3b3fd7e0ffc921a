"""What must survive a crash: SQLite in the data folder, one writer, readers beside it."""
