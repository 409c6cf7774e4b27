"""Why two records are one's or not: weights in bits by field, and the graph of a cluster."""
