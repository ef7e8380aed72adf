"""What would save money, and how sure that is: pure functions from plain values to verdicts."""
