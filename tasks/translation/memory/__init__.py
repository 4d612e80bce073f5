"""What was translated before, in a form in which it is found again."""
