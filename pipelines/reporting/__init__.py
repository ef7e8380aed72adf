"""The reporting room: rows of gold tables become figures and pages.

It measures nothing. Every figure is a gold column; here it is only formatted, ranked, folded and drawn.
"""
