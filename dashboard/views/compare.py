"""Compare: two or more runs, or groups of seeds as recipes; the first of them is the baseline."""

import streamlit as st

from dashboard import page, pickers
from dashboard.queries import run_queries
from dashboard.sections.compare import recipe_comparison, run_comparison
from jobs.results import photo_sets

RUNS, RECIPES = "runs", "recipes"
MODES = {RUNS: "Runs", RECIPES: "Recipes (seed groups)"}

page.title("Compare", "Which is better, and is the difference real?")
if listed := pickers.in_url("runs"):
    # What a person would write by hand: ?runs=a,b,c
    ids = [run_id for part in listed for run_id in part.split(",") if run_id]
    pickers.change_url({"runs": None, "run": ids})
if pickers.in_url("group") and not pickers.in_url("by"):
    pickers.change_url({"by": RECIPES})
mode = pickers.pick_one("What to compare", MODES, "by", segmented=True, hide_label=True, clears=("run", "group"))
with st.container(key=f"compare_{mode}"):
    if mode == RECIPES:
        recipe_comparison.show()
    else:
        run_comparison.show()
        if len(pickers.in_url("run")) > 1 and photo_sets.list_sets(run_queries.store()):
            page.link("Compare them on a photo set", "predict", about="sets", run=pickers.in_url("run"))
