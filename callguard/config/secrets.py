"""Where the secret of a PBX login comes from: a file, an environment variable, or a credential that systemd hands to the service.

A secret is read when it is used and kept nowhere: not in the settings, so that no dump or log of them can show it. It is read in a bounded
way from an ordinary file only, and not at all from one that everybody on the machine can read (S13). Messages name the place, never the
content. See systemd.exec(5), LoadCredential= and `$CREDENTIALS_DIRECTORY`.
"""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from callguard.errors import ConfigError

LONGEST = 1024
"""Bytes; a longer file is no password but the wrong file."""


class Found(NamedTuple):
    """A secret as it is written, and the key path by which it was named."""

    secret: str
    place: str


def from_file(path: Path, place: str) -> str:
    """The secret in that file, without the newline at its end. `place` is the key path, for the message."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as failed:
        remedy = "create it, or let the user that runs callguard read it: root:callguard, mode 0640"
        raise ConfigError(f"cannot read {path}: {failed.strerror}", place=place, remedy=remedy) from failed
    try:
        return _checked(_content(descriptor, path, place), place)
    finally:
        os.close(descriptor)


def _content(descriptor: int, path: Path, place: str) -> bytes:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is not an ordinary file", place=place, remedy="name a file that holds only the secret")
    if found.st_mode & stat.S_IROTH:
        raise ConfigError(f"{path} can be read by everybody", place=place, remedy=f"chmod 0640 {path}")
    return os.read(descriptor, LONGEST + 1)


def from_environment(variable: str, place: str) -> str:
    """The secret in that environment variable."""
    secret = os.environb.get(os.fsencode(variable))
    if secret is None:
        raise ConfigError(f"the environment has no {variable}", place=place, remedy=f"set {variable} for the service, or use secret_file")
    return _checked(secret, place)


def from_credential(name: str, place: str) -> str:
    """The credential of that name, which the service manager passes to the service alone."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None:
        remedy = "run it as the service, or as root with CREDENTIALS_DIRECTORY=/run/credentials/callguard.service, or use secret_file"
        raise ConfigError("systemd has passed no credentials", place=place, remedy=remedy)
    return from_file(Path(folder, name), place)


def found(file: Path | None, credential: str | None, place: str) -> Found | None:
    """The secret of whichever of the two is named. ``place`` is the key path of both, but for what tells them apart at its end."""
    if file is not None:
        return Found(from_file(file, f"{place}_file"), f"{place}_file")
    if credential is not None:
        return Found(from_credential(credential, f"{place}_credential"), f"{place}_credential")
    return None


def _checked(content: bytes, place: str) -> str:
    """One line of printable text; a control character in it could end the login action and begin another."""
    try:
        secret = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as failed:
        raise ConfigError("the secret is not UTF-8 text", place=place, remedy="write it as one line of text") from failed
    if not secret or len(content) > LONGEST or not secret.isprintable():
        raise ConfigError(
            "the secret is empty, too long or not one line", place=place, remedy=f"write 1 to {LONGEST} printable characters on one line"
        )
    return secret
