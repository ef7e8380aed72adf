"""The alerting room: what is unusual becomes a message, and a message goes where people read it."""
