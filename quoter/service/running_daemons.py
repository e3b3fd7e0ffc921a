"""Find a daemon by the path of its data folder, also after the folder was moved or deleted.

Each daemon binds a socket in Linux's abstract namespace, named after the path and its process id.
Nothing listens on it and nothing is read from it; it ends with the process. On other systems no
daemon is found this way.
"""

import os
import socket
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

PREFIX = "quoter"
SOCKETS = Path("/proc/net/unix")


def announce(folder: Path) -> socket.socket | None:
    """Return a socket by which `daemons_of` finds this process; None if it can't be bound.

    The process is found as long as the socket is open.
    """
    name = f"\0{_name(folder)}{os.getpid()}"
    with suppress(OSError, AttributeError):
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            bound.bind(name)
        except OSError:
            bound.close()
            raise
        return bound
    return None


def daemons_of(folder: Path) -> list[int]:
    """Return the process ids of the daemons that were started on this folder and still run.

    Only processes of this user and this process namespace are found; none on other systems than
    Linux.
    """
    name = f"@{_name(folder)}"
    try:
        lines = SOCKETS.read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        *_, inode, path = line.split(" ") if f" {name}" in line else ("", "")
        pid = path.removeprefix(name)
        if pid.isdecimal() and _holds(int(pid), f"socket:[{inode}]"):
            found.append(int(pid))
    return found


def folder_now(pid: int, lock: str) -> Path | None:
    """Return the present path of the folder that holds a daemon's open lock file.

    None if the folder was deleted, or if this user may not see it.
    """
    for link in _links(pid):
        path = Path(link)
        if path.name == lock and path.is_file():
            return path.parent
    return None


def _name(folder: Path) -> str:
    return f"{PREFIX}/{sha256(os.fsencode(folder.resolve())).hexdigest()[:32]}/"


def _holds(pid: int, link: str) -> bool:
    """Whether the process has this file open; one with the same id in another namespace has not."""
    return link in _links(pid)


def _links(pid: int) -> list[str]:
    links = []
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                links.append(str(each.readlink()))
    return links
