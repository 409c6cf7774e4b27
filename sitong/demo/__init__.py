"""`make demo`: a synthetic city through every room by a real local Airflow."""
