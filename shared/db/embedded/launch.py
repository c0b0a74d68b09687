"""Becomes another program that runs as a given user and dies with the thread that started it.

A program of its own, because what it does must not happen in a fork of a process with threads. Order matters:
a change of user clears the death signal, so that comes last; a parent that died before then is noticed by its id.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: str, uid: str, gid: str, *command: str) -> None:
    if os.geteuid() == 0 and int(uid) != 0:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    # SIGQUIT stops PostgreSQL at once and within bounds; it recovers from its log, as after any crash.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(parent):
        sys.exit("the parent is already gone")
    os.umask(0o077)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
