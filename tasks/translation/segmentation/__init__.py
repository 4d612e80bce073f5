"""From a body of HTML to units (sentences), and back."""
