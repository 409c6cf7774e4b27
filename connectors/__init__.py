"""How data comes in: drops of files, their readers, the landing zone, and the accepted state of each dataset."""
