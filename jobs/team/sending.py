"""Sends what is to be told outside: a thread of the supervisor that nothing else waits for."""

import json
import threading
import time
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

from jobs.settings import settings
from jobs.store.store import Store
from jobs.store.store_errors import StoreError
from jobs.team import deliveries

LOOK_EVERY_S = 1.0
SILENT_S = 10.0
"""For so long a receiver may say nothing."""
ANSWER_S = 30.0
"""And so long the whole answer may take; it is less than deliveries.LEASE_S."""
CANNOT_BE_READ = "what was to be told cannot be read from the run store"


def start(store: Store) -> None:
    """Send what is due from now on, in a thread that ends with its process; nothing where nobody is to be told."""
    secret = settings().webhook_url
    if secret is not None:
        arguments = (store, secret.get_secret_value())
        threading.Thread(target=_send_for_ever, args=arguments, name="sending", daemon=True).start()


def _send_for_ever(store: Store, url: str) -> None:
    while True:
        try:
            while send_next(store, url):
                pass
        except StoreError:
            # It may be locked or full for a while, which the supervisor's log says; what is due stays due.
            pass
        time.sleep(LOOK_EVERY_S)


def send_next(store: Store, url: str) -> bool:
    """Try the delivery that has been due for longest; return whether there was one. Raise StoreError."""
    due = deliveries.next_due(store)
    if due is None or due > time.time() or (claimed := deliveries.claim(store)) is None:
        return False
    problem = post(url, claimed.payload) if isinstance(claimed.payload, dict) else CANNOT_BE_READ
    if problem:
        deliveries.note_problem(store, claimed, problem)
    else:
        deliveries.note_delivered(store, claimed)
    return True


def post(url: str, payload: dict[str, object], *, silent_s: float = SILENT_S, answer_s: float = ANSWER_S) -> str:
    """Send JSON to an address; return why it was not taken, without the address, or an empty text.

    A redirection, which could lead anywhere with what is told, is not followed, and the body of the answer is not read.
    A receiver that answers without end is left after `answer_s` seconds.
    """
    problems: list[str] = []
    sender = threading.Thread(target=lambda: problems.append(_posted(url, payload, silent_s)), daemon=True)
    sender.start()
    sender.join(answer_s)
    return problems[0] if problems else f"no whole answer within {answer_s:g} s"


def _opener() -> urllib.request.OpenerDirector:
    """What opens addresses of the web, by a proxy where the environment names one, without following redirections."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    return opener


def _posted(url: str, payload: dict[str, object], silent_s: float) -> str:
    headers = {"Content-Type": "application/json", "User-Agent": "Lookbook"}
    request = urllib.request.Request(url, json.dumps(payload).encode(), headers, method="POST")
    try:
        with _opener().open(request, timeout=silent_s):
            return ""
    except HTTPError as error:
        error.close()
        return f"the receiver answered {error.code}"
    except TimeoutError:
        return f"no answer within {silent_s:g} s"
    except HTTPException as error:
        return f"the receiver does not speak HTTP ({type(error).__name__})"
    except OSError as error:
        return f"the receiver could not be reached ({getattr(error, 'reason', error)})"
