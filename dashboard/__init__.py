"""What a person sees: Home.py, views/, charts/, tables/, components/, queries, pickers."""
