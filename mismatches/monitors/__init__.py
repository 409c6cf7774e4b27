"""What is watched and accuses nobody: who carries the city's tax, and what large projects bring."""
