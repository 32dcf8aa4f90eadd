"""What every domain stands on: settings, sessions, errors, languages, logging, security. Knows no domain."""
