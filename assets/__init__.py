"""The graph: what exists, from what, when. Only here (and in the face) is Dagster known."""
