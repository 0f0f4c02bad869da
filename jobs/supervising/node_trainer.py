"""A trainer on a machine of a cluster: python -m jobs.supervising.node_trainer RUN ATTEMPT.

It holds a lease in the place of a lock, and what it says goes into the log of its run, which the pages read.
"""

import os
import sys

from jobs.running.attempts import AttemptHandle, Replaced
from jobs.running.leases import KeptLease
from jobs.running.process_log import log_to_output, logger, write_into
from jobs.settings import settings
from jobs.store import run_files
from jobs.store.store import Store, connect, parse_url
from jobs.store.store_errors import StoreError

PATIENCE_S = 5.0
CONNECTING = {"connect_timeout": "3", "tcp_user_timeout": "4000"}
"""Of libpq: a network that is cut must be known before the lease ends."""


def main(run_id: str, number: int) -> int:
    """Do one attempt at a run, under a lease; return the exit status."""
    store = _open()
    files = run_files.files_of(store, run_id)
    files.folder.mkdir(exist_ok=True)
    write_into(files.log)
    log_to_output()
    lease = KeptLease(AttemptHandle(store, run_id, number))
    try:
        lease.keep()
    except Replaced as reason:
        logger.info(f"leaving: {reason}")
        return 0
    except StoreError as error:
        logger.error(f"leaving: {error}")
        return 1
    # PyTorch takes seconds to load, and by then the lease must be kept.
    from jobs.running import trainer

    return trainer.main(run_id, number, lease, store)


def _open() -> Store:
    address = parse_url(settings().database_url)
    wanted = {name: value for name, value in CONNECTING.items() if name not in address.query}
    url = address.update_query_dict(wanted).render_as_string(hide_password=False)
    return Store(connect(url, patience_s=PATIENCE_S), settings().artifacts)


if __name__ == "__main__":
    # As in jobs.running.trainer: all is written.
    os._exit(main(sys.argv[1], int(sys.argv[2])))
