"""What a report says, not how it is drawn."""
