"""Become another program that ends with its parent, and run it as another user if need be.

Run as a file by ``python -I -S``; imports nothing of ours. This is a program of its own rather than a ``preexec_fn``
because that one can hang in a process with threads, and because only here the order is in our hands: changing the user
clears the signal that the kernel sends when a parent dies, so it is asked for last.
"""

import os
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: "list[str]") -> None:
    """``parent signal uid gid program argument…``; a uid of -1 leaves the user as it is, a signal of 0 ties nothing."""
    parent, signal, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    os.umask(0o077)
    library = None
    if signal and sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - macOS lacks the call; and the other user may not reach Python's own files

        library = ctypes.CDLL(None)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if library is not None:
        library.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel knew
            sys.exit(1)
    try:
        os.execv(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
