"""Behind a proxy that signs people in, as a real server sees it: who comes by it is known, everybody else nobody."""

import json
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from jobs.settings import ROOT
from jobs.team.members import names_of
from tests.dashboard.test_protection import addresses, answer, started
from tests.stores import Sample, add, empty_store

HEADERS = {"X-Forwarded-Email": "email", "X-Forwarded-User": "name"}
ADA = {"X-Forwarded-Email": "Ada@example.org", "X-Forwarded-User": "Ada"}
QUIET_S = 3.0


def shown(port: int, headers: dict[str, str]) -> str:
    """All that the server sends of the page of runs to a visitor whose request has these headers."""
    message = BackMsg()
    message.rerun_script.page_name = "runs"
    messages = []
    with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream", additional_headers=headers, subprotocols=[Subprotocol("streamlit")]
    ) as session:
        session.send(message.SerializeToString())
        while True:
            try:
                messages.append(bytes(session.recv(timeout=QUIET_S, decode=False)))
            except TimeoutError:
                return b"".join(messages).decode(errors="replace")


@pytest.mark.slow
@pytest.mark.parametrize(("trusted", "is_believed"), [("127.0.0.1", True), ("192.0.2.1", False)])
def test_who_comes_by_a_trusted_proxy_is_known_and_nobody_else_is(
    trusted: str, is_believed: bool, tmp_path: Path
) -> None:
    store = empty_store(tmp_path)
    add(store, Sample(name="secret run"))
    behind = {"LOOKBOOK_SIGN_IN": "proxy", "LOOKBOOK_TRUSTED_PROXIES": trusted, "LOOKBOOK_SIGN_OUT_ADDRESS": "/leave"}
    option = f"--server.trustedUserHeaders={json.dumps(HEADERS)}"
    with started(tmp_path, ROOT, "dashboard/Home.py", option, **behind) as server:
        port = addresses(server)[0][1]
        page = shown(port, ADA)
        assert ("secret run" in page, "no e-mail address" in page) == (is_believed, not is_believed)
        assert 'href="/leave"' in page
        assert names_of(store) == ({"ada@example.org": "Ada"} if is_believed else {})
        assert answer(port, "/media/x.png", **ADA)[0] == (404 if is_believed else 401)
        stranger = shown(port, {})
        assert "secret run" not in stranger
        assert "no e-mail address" in stranger
        assert answer(port, "/media/x.png")[0] == 401
