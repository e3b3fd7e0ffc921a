"""Live Avellaneda–Stoikov market making, with a sandbox exchange built in."""
