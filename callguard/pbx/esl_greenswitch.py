"""The only door to greenswitch and gevent: the parts of them that are used, with the types they do not have.

Of greenswitch 0.0.19 there remain `InboundESL` and the order of its `connect`: open the socket, start the reader, wait for the greeting,
authenticate. It logs to the root logger, headers of callers among it, only in methods that nothing here calls or leaves as they are.

gevent runs in the link's thread alone, on a hub of that thread, and nothing is monkey-patched: all other threads never meet it.

Both come without types; those of what is used here stand in the stub beside this module.
"""

from gevent import Timeout, get_hub, sleep, spawn
from gevent.event import AsyncResult, Event
from greenswitch import InboundESL
from greenswitch.esl import NotConnectedError

__all__ = ["AsyncResult", "Event", "InboundESL", "NotConnectedError", "Timeout", "get_hub", "sleep", "spawn"]
