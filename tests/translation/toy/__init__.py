"""A toy language, a small model of it that is trained here, and sentences with elements to try it on."""
