"""Tables as pure functions: plain data in, rows out, no Streamlit."""
