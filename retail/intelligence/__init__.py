"""Intelligence: what the figures of the past say about customers and demand."""
