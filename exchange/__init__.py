"""Who gets what: agreements, and the deliveries made under them."""
