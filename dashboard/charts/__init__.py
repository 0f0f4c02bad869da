"""Figures as pure functions: plain data in, plotly Figure out, no Streamlit."""
