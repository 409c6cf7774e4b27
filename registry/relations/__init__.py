"""Relations between persons, households and enterprises, as source records state them, with both ends resolved."""
