"""What the data is: contracts, code tables, value types and identifiers, validation, and what is rendered from them."""
