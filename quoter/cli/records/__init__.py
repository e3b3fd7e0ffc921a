"""Commands about what runs left on disk: ledger, recordings and reports."""
