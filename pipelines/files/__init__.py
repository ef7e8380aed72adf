"""Files somebody exported, opened as batches of text: what is in them is for the rooms that know what they ask for.

Below those rooms, like `pipelines.errors`: it imports none of them.
"""
