"""What disagrees between the departments: rules as declarations, findings with evidence and estimates, reports."""
