"""Who is who: standardise, block, compare, weigh, decide, cluster. The model is data (`models/*.yaml`)."""
