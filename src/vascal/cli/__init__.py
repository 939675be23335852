"""The `vascal` command."""
