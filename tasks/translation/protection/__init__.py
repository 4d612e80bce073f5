"""What must pass an engine unchanged: names, addresses, glossary terms, numbers."""
