"""What logs, metrics and traces are worth: classes, policies, plans and their configuration. Pure, and knows no room.

Others call it with plain values. Nothing here reads a file, asks a server or looks at a clock.
"""
