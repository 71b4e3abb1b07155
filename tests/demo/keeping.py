"""With --keep everything stays up until Ctrl-C or SIGTERM, and whoever has a softphone can call in."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from callguard.announcements import Speaker
from callguard.announcements.audio import master, read_wav
from callguard.announcements.text import Prompt
from tests.demo.stage import COMPANY, COMPANY_NUMBER
from tests.demo.telling import Telling
from tests.rig.g711 import Samples
from tests.rig.phone import Loop
from tests.rig.site import Site

AGENT_SAYS: Final = f"Bună ziua, sunteți la {COMPANY}. Vă ascult."
ANSWERS_AFTER_S: Final = 2.0


def keep(site: Site, telling: Telling) -> None:
    """Wait for calls; returns on Ctrl-C or SIGTERM."""
    site.agent.voice = Loop(_spoken(AGENT_SAYS))
    site.agent.auto_answer_after = ANSWERS_AFTER_S
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    telling.part("It is still running: call in with a softphone on this machine")
    for label, sentence in _instructions(site):
        telling.line(label, sentence)
    over.wait()
    telling.part("Stopping; nothing is left behind.")


def _instructions(site: Site) -> Iterator[tuple[str, str]]:
    callguard = Path(sys.executable).with_name("callguard")
    yield "dial", f"sip:{COMPANY_NUMBER}@127.0.0.1:{site.pbx.sip_port}   (UDP, G.711; any user name, no password, no registration)"
    yield "", "The notice plays; 9 refuses. Then the agent's phone rings and answers by itself. *9 in the call withdraws consent."
    yield "look", f"export CALLGUARD_CONFIG={site.config}"
    for arguments in ("status", "calls", "show CALL", "recordings", "announcements list", "check", "sweep --dry-run --as-of 2030-01-01"):
        yield "", f"{os.path.relpath(callguard)} {arguments}"
    yield "files", f"recordings in {site.recordings}, the daemon's log in {site.log}"
    yield "stop", f"Ctrl-C here, or: kill {os.getpid()}"


def _spoken(sentence: str) -> Samples:
    """By espeak-ng, with a pause behind it."""
    audio = master(read_wav(Speaker().speak(Prompt("greeting", "ro", sentence, None, None))))
    speech = np.frombuffer(audio.samples_8k, dtype="<i2").astype(np.float32) / 32768
    return np.concatenate((speech, np.zeros(8000, dtype=np.float32)))
