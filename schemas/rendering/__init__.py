"""What is rendered from a contract: Arrow schemas, DDL, expectations, the data dictionary."""
