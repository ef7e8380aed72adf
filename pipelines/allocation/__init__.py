"""Who bears which cost: labels by rules, shared cost by shares. Pure functions; parts always add up to the whole."""
