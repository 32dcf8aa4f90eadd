"""Running the service: health, metrics, embedded servers."""
