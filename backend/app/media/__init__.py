"""Pictures: uploads, storage, links and how long things are kept."""
