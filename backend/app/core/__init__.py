"""What every domain stands on: settings, sessions, errors, languages, logging, security. Knows no domain."""

import sys

# structlog takes rich for prettier tracebacks where it can have it. Ours are plain, and 66 modules less are 3 MB less
# in every process. Programs that draw with rich have it already, or get it afterwards.
if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
