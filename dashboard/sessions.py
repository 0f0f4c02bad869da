"""What becomes of an open page when the server starts anew, or forgets a visitor who was away for long."""

from secrets import randbelow

import streamlit as st

_NUMBER = "session_number"
_BEGUN_AT = "session_begun_at"
_DAY_S = 86_400

BEGUN_ANEW = (
    "The server has restarted, or the connection was lost for a while. What is in the address or typed on this page "
    "is kept; add photos and select runs again."
)


def number() -> int:
    """0 for a visit that began with its page; another number for one that the page had begun with another session.

    The browser goes on showing the state of controls that the former session had: those whose state cannot be had
    again take this into their keys, and so begin empty.
    """
    if _NUMBER not in st.session_state:
        st.session_state[_NUMBER] = 1 + randbelow(2**31) if _follows_another() else 0
    return int(st.session_state[_NUMBER])


@st.fragment(run_every=_DAY_S)
def come_back() -> None:
    """Nothing, but once a day: a page that has something to refresh is drawn anew when its connection comes back.

    Otherwise Streamlit leaves it as it was, and a server that was started anew knows none of its parts that are drawn
    by themselves: a click on a row of a table would do nothing.
    """


def say_begun_anew(where: str) -> None:
    """Say what is lost, on a page that is open since before this session, until another address is looked at."""
    if not number():
        return
    here = (where, str(sorted(st.query_params.to_dict().items())))
    if st.session_state.setdefault(_BEGUN_AT, here) == here:
        st.warning(BEGUN_ANEW)
    else:
        st.session_state[_BEGUN_AT] = None


def settled() -> None:
    """What was lost is there again: nothing more needs to be said."""
    st.session_state[_BEGUN_AT] = None


def _follows_another() -> bool:
    """Whether the browser named an earlier session when it connected: third, behind protocol and token.

    A session that the server still knew would have been continued, and its number known.
    """
    return len(st.context.headers.get("Sec-WebSocket-Protocol", "").split(",")) > 2
