"""What every process needs before it works: settings, secrets, trusted certificates, shutdown."""
