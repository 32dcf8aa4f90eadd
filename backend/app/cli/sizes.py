"""Sizes of files as people write them."""


def human_bytes(count: int) -> str:
    """950 B, 128 KB, 1.4 MB."""
    if count < 1_000:
        return f"{count} B"
    if count < 999_500:
        return f"{count / 1_000:.0f} KB"
    return f"{count / 1_000_000:.1f} MB"
