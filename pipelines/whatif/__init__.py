"""What a change would cost or save: scenarios over a baseline of cost lines, none counted twice. Pure functions."""
