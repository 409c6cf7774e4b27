"""What the portal and the terminal ask: board, list, one finding, one subject, yields, saved views."""
